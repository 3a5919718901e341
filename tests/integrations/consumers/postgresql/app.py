import json
import os
from contextlib import contextmanager
from functools import wraps

import jwt
import psycopg
from flask import Flask, g, request

ISSUER = "https://auth.example.com"
AUDIENCE = "https://api.example.com"

keys = jwt.PyJWKClient(f"{ISSUER}/.well-known/jwks.json", timeout=5)
app = Flask(__name__)


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


def authenticated(view):
    @wraps(view)
    def check(*args, **kwargs):
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        try:
            g.claims = verify(token if scheme.lower() == "bearer" else "")
        except jwt.PyJWTError:
            return {"error": "invalid_token"}, 401, {"WWW-Authenticate": 'Bearer error="invalid_token"'}
        return view(*args, **kwargs)

    return check


@contextmanager
def as_caller():
    """A transaction in which PostgreSQL knows the verified claims."""
    with psycopg.connect(os.environ["DATABASE"]) as connection, connection.transaction():
        # `true`: until the end of the transaction. With `false`, the pool's next user would inherit them.
        connection.execute("SELECT set_config('request.jwt.claims', %s, true)", [json.dumps(g.claims)])
        yield connection


@app.get("/")
@authenticated
def profile():
    with as_caller() as connection:
        notes = connection.execute("SELECT text FROM notes ORDER BY id").fetchall()
    return {"user": ", ".join(text for (text,) in notes)}
