"""django-allauth, in a Django of one file."""

import django
from django.conf import settings
from django.core.management import call_command, execute_from_command_line
from django.http import HttpResponse
from django.urls import include, path
from env import CLIENT_ID, CLIENT_SECRET, ISSUER, PLACE, PORT, page

PROVIDER = {
    "provider_id": "countersign",
    "name": "Countersign",
    "client_id": CLIENT_ID,
    "secret": CLIENT_SECRET,
    "settings": {"server_url": f"{ISSUER}/.well-known/openid-configuration", "oauth_pkce_enabled": True},
}
settings.configure(
    DEBUG=True,
    SECRET_KEY="of the application",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": f"{PLACE}/allauth.db"}},
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
        "allauth",
        "allauth.account",
        "allauth.socialaccount",
        "allauth.socialaccount.providers.openid_connect",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "allauth.account.middleware.AccountMiddleware",
    ],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    AUTHENTICATION_BACKENDS=["allauth.account.auth_backends.AuthenticationBackend"],
    SESSION_COOKIE_NAME="allauth",
    SOCIALACCOUNT_PROVIDERS={"openid_connect": {"SCOPE": ["openid", "profile"], "APPS": [PROVIDER]}},
    SOCIALACCOUNT_LOGIN_ON_GET=True,
    ACCOUNT_EMAIL_VERIFICATION="none",
    LOGIN_REDIRECT_URL="/",
)
django.setup()


def index(request):
    account = request.user.is_authenticated and request.user.socialaccount_set.get()
    return HttpResponse(page(account and account.extra_data.get("userinfo", account.extra_data)))


def login(_request):
    from django.shortcuts import redirect

    return redirect("/accounts/oidc/countersign/login/")


urlpatterns = [path("", index), path("login", login), path("accounts/", include("allauth.urls"))]

if __name__ == "__main__":
    call_command("migrate", verbosity=0)
    execute_from_command_line(["manage", "runserver", "--noreload", f"127.0.0.1:{PORT}"])
