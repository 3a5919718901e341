"""For Starlette, and every other ASGI application: middleware for an application, a mount or a route."""

from __future__ import annotations

from collections.abc import Awaitable, MutableMapping, Sequence
from typing import Any, Callable

from .claims import AccessClaims
from .guard import Guard
from .refusal import Refusal

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_KEY = "countersign_guard.claims"


class Protect:
    """Lets through only requests and WebSockets with a valid access token that has what is demanded."""

    def __init__(self, app: App, guard: Guard, scopes: Sequence[str] = (), roles: Sequence[str] = ()) -> None:
        self._app = app
        self._guard = guard
        self._scopes = scopes
        self._roles = roles

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self._app(scope, receive, send)
        values = [value.decode("latin-1") for name, value in scope["headers"] if name == b"authorization"]
        try:
            claims = await self._guard.authenticate_async(values, scopes=self._scopes, roles=self._roles)
        except Refusal as refusal:
            return await _refuse(refusal, scope, send)
        return await self._app({**scope, _KEY: claims}, receive, send)


def claims_of(scope: Scope) -> AccessClaims:
    """The claims of this request, by its ``scope``. Raises ``Refusal`` if no guard has checked it: forgetting it fails closed."""
    claims: AccessClaims | None = scope.get(_KEY)
    if claims is None:
        raise Refusal("token_required")
    return claims


async def _refuse(refusal: Refusal, scope: Scope, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})  # before it was accepted: the server sends 403
        return
    headers = {"Content-Type": "application/json", **refusal.headers}
    pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": refusal.status, "headers": pairs})
    await send({"type": "http.response.body", "body": refusal.json().encode()})
