"""What every application of the test is told, and what its pages say."""

import os

ISSUER, PORT = os.environ["ISSUER"], int(os.environ["PORT"])
CLIENT_ID, CLIENT_SECRET = os.environ["CLIENT_ID"], os.environ.get("CLIENT_SECRET")
PLACE = os.environ["PLACE"]
BASE = f"http://127.0.0.1:{PORT}"


def page(claims):
    who = f"signed in as {claims['preferred_username']} ({claims['sub']})" if claims else "nobody"
    return (
        f"<!doctype html><title>App</title><p id=who>{who}</p>"
        "<a id=in href=/login>In</a> <a id=again href=/refresh>Again</a> <a id=out href=/logout>Out</a>"
    )
