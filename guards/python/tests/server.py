"""The real server, with its demo users, and requests to it."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.error import HTTPError
from urllib.request import Request, urlopen

BINARY = os.environ.get("COUNTERSIGN", str(Path(__file__).parents[3] / "target/debug/countersign"))


@dataclass(frozen=True)
class Login:
    origin: str
    bearer: str
    cookie: str

    def logout(self) -> None:
        post(self.origin, "/api/logout", {}, {"Cookie": self.cookie}).close()


@dataclass(frozen=True)
class Server:
    #: Its origin, which is the issuer and the audience of its tokens too.
    origin: str
    feed_key: str
    #: Of the client ``gateway``.
    client_secret: str
    process: subprocess.Popen[str]

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()

    def login(self) -> Login:
        with post(self.origin, "/api/login", {"username": "demo", "password": "password123"}, {}) as response:
            cookies = "; ".join(line.split(";")[0] for line in response.headers.get_all("Set-Cookie"))
            return Login(self.origin, f"Bearer {json.load(response)['accessToken']}", cookies)


def post(origin: str, path: str, body: dict[str, str], headers: dict[str, str]):  # type: ignore[no-untyped-def] # noqa: ANN201
    headers = {"Content-Type": "application/json", "Origin": origin, **headers}
    return urlopen(Request(origin + path, json.dumps(body).encode(), headers))


def get(url: str, bearer: str | None = None) -> tuple[int, str]:
    """Status and body."""
    try:
        with urlopen(Request(url, headers={"Authorization": bearer} if bearer else {})) as response:
            return response.status, response.read().decode()
    except HTTPError as error:
        with error:
            return error.code, error.read().decode()


@contextmanager
def running_server() -> Iterator[Server]:
    with TemporaryDirectory(prefix="countersign-guard-") as data:
        command = [BINARY, "--data-dir", data]
        with subprocess.Popen([*command, "dev", "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                origin = next(found[1] for line in process.stdout if (found := re.match(r"  (http://localhost:\d+) ", line)))
                key = run(command, "feed-key", "add", "test")["key"]
                secret = run(command, "client", "add", "gateway")["secret"]
                while get(f"{origin}/api/revocations", f"Bearer {key}")[0] != 200:
                    pass  # the server has not looked at its keys yet
                yield Server(origin, key, secret, process)
            finally:
                process.terminate()


def run(command: list[str], *arguments: str) -> dict[str, str]:
    done = subprocess.run([*command, "--json", *arguments], capture_output=True, check=True, text=True)
    said: dict[str, str] = json.loads(done.stdout)
    return said
