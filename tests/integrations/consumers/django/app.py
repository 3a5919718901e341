import jwt
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import JsonResponse
from django.urls import path

ISSUER = "https://auth.example.com"
AUDIENCE = "https://api.example.com"

keys = jwt.PyJWKClient(f"{ISSUER}/.well-known/jwks.json", timeout=5)


def verify(token):
    decoded = jwt.decode_complete(
        token,
        keys.get_signing_key_from_jwt(token),
        algorithms=["ES256"],
        issuer=ISSUER,
        audience=AUDIENCE,
        options={"require": ["exp", "iss", "aud", "sub", "sid"]},
    )
    if decoded["header"].get("typ") != "at+jwt":
        raise jwt.InvalidTokenError("not an access token")
    return decoded["payload"]


def authenticate(get_response):
    """Middleware: nothing is reached without a valid access token."""

    def check(request):
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        try:
            request.claims = verify(token if scheme.lower() == "bearer" else "")
        except jwt.PyJWTError:
            challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
            return JsonResponse({"error": "invalid_token"}, status=401, headers=challenge)
        return get_response(request)

    return check


def profile(request):
    return JsonResponse({"user": request.claims["username"]})


settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    MIDDLEWARE=["app.authenticate"],
    ROOT_URLCONF="app",
    SECRET_KEY="this service signs nothing",
)
urlpatterns = [path("", profile)]
application = get_wsgi_application()
