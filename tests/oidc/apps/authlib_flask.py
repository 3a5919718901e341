"""Authlib with Flask."""

import urllib.parse

from authlib.integrations.flask_client import OAuth
from env import BASE, CLIENT_ID, CLIENT_SECRET, ISSUER, PORT, page
from flask import Flask, redirect, session

app = Flask(__name__)
app.secret_key = "of the application"
oauth = OAuth(app)
oauth.register(
    "countersign",
    client_id=CLIENT_ID,
    client_secret=CLIENT_SECRET,
    server_metadata_url=f"{ISSUER}/.well-known/openid-configuration",
    client_kwargs={"scope": "openid profile", "code_challenge_method": "S256"},
)


@app.get("/")
def index():
    return page(session.get("claims"))


@app.get("/login")
def login():
    return oauth.countersign.authorize_redirect(f"{BASE}/callback")


@app.get("/callback")
def callback():
    token = oauth.countersign.authorize_access_token()
    session["claims"] = dict(oauth.countersign.userinfo(token=token))
    session["refresh_token"], session["id_token"] = token["refresh_token"], token["id_token"]
    return redirect("/")


@app.get("/refresh")
def refresh():
    token = oauth.countersign.fetch_access_token(grant_type="refresh_token", refresh_token=session["refresh_token"])
    session["refresh_token"] = token.get("refresh_token", session["refresh_token"])
    session["claims"] = dict(oauth.countersign.userinfo(token=token))
    return redirect("/")


@app.get("/logout")
def logout():
    end = oauth.countersign.load_server_metadata()["end_session_endpoint"]
    query = {"id_token_hint": session["id_token"], "post_logout_redirect_uri": f"{BASE}/"}
    session.clear()
    return redirect(f"{end}?{urllib.parse.urlencode(query)}")


app.run("127.0.0.1", PORT)
