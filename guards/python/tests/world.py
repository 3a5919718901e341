"""A world without network and without waiting: time moves when the test says so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Callable

from countersign_guard import Environment
from countersign_guard.fetch import FetchError


@dataclass
class FakeResponse:
    status: int = 200
    body: Iterable[bytes] = (b"",)
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    is_closed: bool = False

    def header(self, name: str) -> str | None:
        return self.headers.get(name)

    def chunks(self) -> Iterator[bytes]:
        yield from self.body

    def cut(self) -> None:
        pass

    def close(self) -> None:
        self.is_closed = True


class World:
    def __init__(self) -> None:
        self.time = 0.0
        self.epoch = 1_700_000_000.0
        self.luck = 0.5
        self.warnings: list[str] = []
        self.requests: list[tuple[str, Mapping[str, str]]] = []
        self.bodies: list[bytes | None] = []
        self.respond: Callable[[str, Mapping[str, str]], FakeResponse | FetchError] = lambda url, headers: FakeResponse(500)

    def open(self, url: str, headers: Mapping[str, str], timeout: float, limit: float, body: bytes | None) -> FakeResponse:
        self.requests.append((url, headers))
        self.bodies.append(body)
        response = self.respond(url, headers)
        if isinstance(response, FetchError):
            raise response
        return response

    @property
    def environment(self) -> Environment:
        return Environment(
            open=self.open,
            now=lambda: self.epoch + self.time,
            elapsed=lambda: self.time,
            chance=lambda: self.luck,
            warn=self.warnings.append,
        )


def json_response(data: bytes, **headers: Any) -> FakeResponse:
    return FakeResponse(200, [data], {"Content-Type": "application/json", **headers})
