"""The adapters in real frameworks."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Callable

import django.conf
import flask
import pytest
from django.http import HttpRequest, HttpResponse
from django.test import AsyncRequestFactory, RequestFactory
from fastapi import Depends, FastAPI
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

import countersign_guard.asgi as for_asgi
import countersign_guard.django as for_django
import countersign_guard.fastapi as for_fastapi
import countersign_guard.flask as for_flask
from countersign_guard import Environment, Guard, Options, Refusal
from table import TOKENS, jwk_set, token
from world import json_response

django.conf.settings.configure()

GUARD = Guard(
    "https://auth.example.com",
    "api",
    options=Options(
        jwks_url="https://auth.example.com/keys",
        environment=Environment(open=lambda *_: json_response(jwk_set("main")), now=lambda: float(TOKENS["now"])),
    ),
)
ADMINS = ["admin"]
GOOD = f"Bearer {token('ES256')}"

#: Path and values of the header → status, challenge, code or text.
Ask = Callable[..., "tuple[int, str | None, str]"]


def fastapi_app() -> FastAPI:
    app = FastAPI()

    @app.get("/mine")
    def mine(claims: Annotated[Any, Depends(for_fastapi.protect(GUARD))]) -> str:
        return str(claims["sub"])

    @app.get("/admin", dependencies=[Depends(for_fastapi.protect(GUARD, roles=ADMINS))])
    async def admin() -> str:
        return "admin"

    return app


async def greet(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text(for_asgi.claims_of(socket.scope)["sub"])
    await socket.close()


def starlette_app() -> Starlette:
    async def mine(request: Request) -> PlainTextResponse:
        return PlainTextResponse(for_asgi.claims_of(request.scope)["sub"])

    checked = Middleware(for_asgi.Protect, guard=GUARD)
    return Starlette(
        routes=[
            Route("/mine", mine, middleware=[checked]),
            Route("/admin", mine, middleware=[Middleware(for_asgi.Protect, guard=GUARD, roles=ADMINS)]),
            Route("/forgotten", mine),
            WebSocketRoute("/socket", greet, middleware=[checked]),
        ]
    )


def ask_asgi(app: Any) -> Ask:
    client = TestClient(app, raise_server_exceptions=False)

    def ask(path: str, *values: str) -> tuple[int, str | None, str]:
        response = client.get(path, headers=[("authorization", value) for value in values])
        return summary(response.status_code, response.headers, response.text)

    return ask


def ask_flask() -> Ask:
    app = flask.Flask(__name__)
    app.add_url_rule("/mine", "mine", for_flask.protect(GUARD)(lambda: for_flask.current_claims()["sub"]))
    app.add_url_rule("/admin", "admin", for_flask.protect(GUARD, roles=ADMINS)(lambda: "admin"))
    app.add_url_rule("/forgotten", "forgotten", lambda: for_flask.current_claims()["sub"])

    def ask(path: str, *values: str) -> tuple[int, str | None, str]:
        # As servers give it: two headers are joined (RFC 3875 §4.1.18).
        environ = {"HTTP_AUTHORIZATION": ",".join(values)} if values else {}
        response = app.test_client().get(path, environ_overrides=environ)
        return summary(response.status_code, response.headers, response.text)

    return ask


def ask_django(is_async: bool) -> Ask:
    def mine(request: HttpRequest) -> HttpResponse:
        return HttpResponse(for_django.claims_of(request)["sub"])

    async def mine_async(request: HttpRequest) -> HttpResponse:
        return mine(request)

    view: Any = mine_async if is_async else mine
    views = {
        "/mine": for_django.protect(GUARD)(view),
        "/admin": for_django.protect(GUARD, roles=ADMINS)(view),
        "/forgotten": view,
    }

    def ask(path: str, *values: str) -> tuple[int, str | None, str]:
        headers = {"Authorization": ",".join(values)} if values else {}
        factory: Any = AsyncRequestFactory() if is_async else RequestFactory()
        try:
            answer = views[path](factory.get(path, headers=headers))
            response = asyncio.run(answer) if is_async else answer
        except Refusal:
            return 500, None, ""
        return summary(response.status_code, response.headers, response.content.decode())

    return ask


def summary(status: int, headers: Any, text: str) -> tuple[int, str | None, str]:
    if status >= 400 and status != 500:
        assert headers["Cache-Control"] == "no-store"
        assert headers["Content-Type"].startswith("application/json")
    code = text.split('"code":')[1].split('"')[1] if '"code":' in text else text.strip('"')
    return status, headers.get("WWW-Authenticate"), code


FRAMEWORKS: dict[str, Callable[[], Ask]] = {
    "fastapi": lambda: ask_asgi(fastapi_app()),
    "starlette": lambda: ask_asgi(starlette_app()),
    "flask": ask_flask,
    "django": lambda: ask_django(False),
    "django async": lambda: ask_django(True),
}


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_a_framework(name: str) -> None:
    ask = FRAMEWORKS[name]()
    invalid = 'Bearer realm="api", error="invalid_token"'
    assert ask("/mine", GOOD) == (200, None, "ada")
    assert ask("/mine", GOOD.replace("Bearer", "bearer")) == (200, None, "ada")
    assert ask("/mine") == (401, 'Bearer realm="api"', "token_required")
    assert ask("/mine", f"{GOOD}x") == (401, invalid, "invalid_token")
    assert ask("/mine", GOOD, GOOD) == (401, invalid, "invalid_token")
    assert ask("/mine", "Basic YTpi", GOOD) == (401, invalid, "invalid_token")
    assert ask("/mine", f"Bearer {token('huge token')}") == (413, invalid, "token_too_large")
    assert ask("/admin", GOOD) == (403, 'Bearer realm="api", error="insufficient_scope"', "forbidden")
    if name != "fastapi":  # there the claims are an argument
        assert ask("/forgotten", GOOD)[0] == 500


def test_a_websocket_is_opened_with_a_token_only() -> None:
    client = TestClient(starlette_app())
    with client.websocket_connect("/socket", headers={"authorization": GOOD}) as socket:
        assert socket.receive_text() == "ada"
    with pytest.raises(WebSocketDisconnect) as closed, client.websocket_connect("/socket"):
        pass
    assert closed.value.code == 1008


def test_a_forgotten_guard_fails_closed() -> None:
    with pytest.raises(Refusal):
        for_asgi.claims_of({"type": "http"})
    with pytest.raises(Refusal):
        for_django.claims_of(RequestFactory().get("/"))
    with flask.Flask(__name__).app_context(), pytest.raises(Refusal):
        for_flask.current_claims()
