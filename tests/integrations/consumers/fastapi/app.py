import asyncio
from typing import Annotated, Any

import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

ISSUER = "https://auth.example.com"
AUDIENCE = "https://api.example.com"

keys = jwt.PyJWKClient(f"{ISSUER}/.well-known/jwks.json", timeout=5)
app = FastAPI()


def verify(token: str) -> dict[str, Any]:
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


async def claims(
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))],
) -> dict[str, Any]:
    try:
        # A fetch of the keys blocks: in a thread, it does not stop the event loop.
        return await asyncio.to_thread(verify, bearer.credentials if bearer else "")
    except jwt.PyJWTError as error:
        challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
        raise HTTPException(401, "invalid token", challenge) from error


@app.get("/")
async def profile(claims: Annotated[dict[str, Any], Depends(claims)]) -> dict[str, str]:
    return {"user": claims["username"]}
