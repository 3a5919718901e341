"""For FastAPI: a dependency that gives the claims."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Callable

from fastapi import HTTPException
from starlette.requests import HTTPConnection

from .claims import AccessClaims
from .guard import Guard
from .refusal import Refusal


def protect(
    guard: Guard, *, scopes: Sequence[str] = (), roles: Sequence[str] = ()
) -> Callable[[HTTPConnection], Awaitable[AccessClaims]]:
    """A dependency that lets through only requests with a valid access token that has what is demanded, and gives its claims.

    FastAPI puts the body of a refusal under ``detail``.
    """

    async def claims(connection: HTTPConnection) -> AccessClaims:
        try:
            return await guard.authenticate_async(connection.headers.getlist("authorization"), scopes=scopes, roles=roles)
        except Refusal as refusal:
            raise HTTPException(refusal.status, refusal.body, refusal.headers) from refusal

    # FastAPI looks the names up where the function was made, not where its module is.
    claims.__annotations__ = {"connection": HTTPConnection}
    return claims
