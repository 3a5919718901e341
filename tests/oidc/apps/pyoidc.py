"""pyoidc (`oic`), whose parts Flask serves."""

from env import BASE, CLIENT_ID, CLIENT_SECRET, ISSUER, PORT, page
from flask import Flask, redirect, request, session
from oic import rndstr
from oic.oic import Client
from oic.oic.message import AuthorizationResponse, RegistrationResponse
from oic.utils.authn.client import CLIENT_AUTHN_METHOD

app = Flask(__name__)
app.secret_key = "of the application"
client = Client(client_authn_method=CLIENT_AUTHN_METHOD, config={"code_challenge": {"method": "S256", "length": 64}})
client.provider_config(ISSUER)
client.store_registration_info(RegistrationResponse(client_id=CLIENT_ID, client_secret=CLIENT_SECRET))
client.redirect_uris = [f"{BASE}/callback"]
verifiers = {}


@app.get("/")
def index():
    return page(session.get("claims"))


@app.get("/login")
def login():
    session["state"], session["nonce"] = rndstr(), rndstr()
    challenge, verifiers[session["state"]] = client.add_code_challenge()
    wanted = {
        "client_id": CLIENT_ID,
        "response_type": "code",
        "scope": ["openid", "profile"],
        "nonce": session["nonce"],
        "redirect_uri": client.redirect_uris[0],
        "state": session["state"],
        **challenge,
    }
    return redirect(client.construct_AuthorizationRequest(request_args=wanted).request(client.authorization_endpoint))


@app.get("/callback")
def callback():
    answer = client.parse_response(AuthorizationResponse, info=request.query_string.decode(), sformat="urlencoded")
    assert answer["state"] == session["state"]
    arguments = {"code": answer["code"], "code_verifier": verifiers.pop(answer["state"])}
    tokens = client.do_access_token_request(state=answer["state"], request_args=arguments, authn_method="client_secret_basic")
    assert tokens["id_token"]["nonce"] == session["nonce"]
    info = client.do_user_info_request(state=answer["state"])
    session["claims"] = info.to_dict()
    return redirect("/")


@app.get("/refresh")
def refresh():
    client.do_access_token_refresh(state=session["state"], authn_method="client_secret_basic")
    session["claims"] = client.do_user_info_request(state=session["state"]).to_dict()
    return redirect("/")


app.run("127.0.0.1", PORT)
