"""mozilla-django-oidc, in a Django of one file."""

import json
import urllib.request

import django
from django.conf import settings
from django.core.management import call_command, execute_from_command_line
from django.http import HttpResponse
from django.urls import include, path
from env import CLIENT_ID, CLIENT_SECRET, ISSUER, PLACE, PORT, page

METADATA = json.load(urllib.request.urlopen(f"{ISSUER}/.well-known/openid-configuration"))
settings.configure(
    DEBUG=True,
    SECRET_KEY="of the application",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": f"{PLACE}/django.db"}},
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "mozilla_django_oidc"],
    MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware"],
    AUTHENTICATION_BACKENDS=["__main__.Backend"],
    SESSION_COOKIE_NAME="django",
    OIDC_RP_CLIENT_ID=CLIENT_ID,
    OIDC_RP_CLIENT_SECRET=CLIENT_SECRET,
    OIDC_RP_SIGN_ALGO="RS256",
    OIDC_RP_SCOPES="openid profile",
    OIDC_USE_PKCE=True,
    OIDC_OP_AUTHORIZATION_ENDPOINT=METADATA["authorization_endpoint"],
    OIDC_OP_TOKEN_ENDPOINT=METADATA["token_endpoint"],
    OIDC_OP_USER_ENDPOINT=METADATA["userinfo_endpoint"],
    OIDC_OP_JWKS_ENDPOINT=METADATA["jwks_uri"],
    LOGIN_REDIRECT_URL="/",
)
django.setup()

from mozilla_django_oidc.auth import OIDCAuthenticationBackend  # noqa: E402


class Backend(OIDCAuthenticationBackend):
    """Knows accounts by their subject, not by their address."""

    def verify_claims(self, claims):
        return "sub" in claims

    def filter_users_by_claims(self, claims):
        return self.UserModel.objects.filter(username=claims["sub"])

    def create_user(self, claims):
        return self.UserModel.objects.create_user(claims["sub"], first_name=claims["preferred_username"])


def index(request):
    user = request.user
    return HttpResponse(page(user.is_authenticated and {"sub": user.username, "preferred_username": user.first_name}))


def login(_request):
    from django.shortcuts import redirect

    return redirect("oidc_authentication_init")


urlpatterns = [path("", index), path("login", login), path("oidc/", include("mozilla_django_oidc.urls"))]

if __name__ == "__main__":
    call_command("migrate", verbosity=0)
    execute_from_command_line(["manage", "runserver", "--noreload", f"127.0.0.1:{PORT}"])
