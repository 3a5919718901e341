"""One outgoing request, with the rules of ``countersign-fetch``: no redirects, limits on time and size, plain HTTP to this
machine only. It blocks its thread, so only the guard's own threads call it.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from threading import Timer
from typing import Any, Callable, Optional, Protocol, TypeVar
from urllib.parse import SplitResult, urlencode, urlsplit

from .strict_json import parse_object

T = TypeVar("T")

#: The longest document that is read, in bytes.
_MAX_BYTES = 64 * 1024
_CHUNK = 64 * 1024


class FetchError(Exception):
    """There is no complete response that can be used."""


class NoDocumentError(FetchError):
    """A status other than 200, or a response that is not JSON: the server has no such document."""


class Response(Protocol):
    """A response whose head has arrived."""

    status: int

    def header(self, name: str) -> str | None: ...
    def chunks(self) -> Iterator[bytes]:
        """The body as it arrives. Raises ``FetchError`` if it breaks off."""

    def cut(self) -> None:
        """Makes a thread that reads stop."""

    def close(self) -> None:
        """For the thread that has opened it: nothing is left behind."""


#: Sends a GET request, or a POST request with this body. A silence of ``timeout`` seconds is an error; so is a response that
#: takes longer than ``limit``.
Open = Callable[[str, Mapping[str, str], float, float, Optional[bytes]], Response]


def check_url(text: str) -> SplitResult:
    """An ``https`` URL, or an ``http`` URL of this machine. Raises ``ValueError`` for others."""
    url = urlsplit(text)
    if url.scheme not in ("https", "http") or not url.hostname or re.search(r"[\s\\]", text):
        raise ValueError(f"{text!r}: only https addresses are fetched")
    if "@" in url.netloc:
        raise ValueError(f"{url.hostname}: an address with a name before the host is not fetched")
    if url.scheme == "http" and not _is_this_machine(url.hostname):
        raise ValueError(f"{text}: a response over plain http can be forged: use the https address")
    _ = url.port  # raises ValueError if it is none
    return url


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def open_url(text: str, headers: Mapping[str, str], timeout: float, limit: float, body: bytes | None) -> Response:
    """Sends a request. The certificate authorities are the system's, or those of ``SSL_CERT_FILE``."""
    url = check_url(text)
    host = url.hostname or ""
    connection: HTTPConnection
    if url.scheme == "https":
        connection = HTTPSConnection(host, url.port, timeout=timeout, context=ssl.create_default_context())
    else:
        connection = HTTPConnection(host, url.port, timeout=timeout)
    path = (url.path or "/") + (f"?{url.query}" if url.query else "")
    opened = _Opened(connection, limit)
    opened.send(path, headers, body)
    return opened


class _Opened:
    """The connection of one request."""

    status: int = 0

    def __init__(self, connection: HTTPConnection, limit: float) -> None:
        self._connection = connection
        self._socket: socket.socket | None = None
        self._response: HTTPResponse | None = None
        # A server that sends a byte now and then would pass every time limit of a single read.
        self._timer = Timer(limit, self._give_up)
        self._timer.daemon = True
        self._is_late = False

    def send(self, path: str, headers: Mapping[str, str], body: bytes | None) -> None:
        self._timer.start()
        try:
            self._connection.connect()
            self._socket = self._connection.sock
            method = "GET" if body is None else "POST"
            self._connection.request(method, path, body, {"User-Agent": "countersign", **headers})
            self._response = self._connection.getresponse()
            self.status = self._response.status
            self._check_time()
        except (OSError, HTTPException, ValueError) as error:
            self.close()
            raise FetchError(str(error) or type(error).__name__) from error

    def header(self, name: str) -> str | None:
        return self._response.getheader(name) if self._response else None

    def chunks(self) -> Iterator[bytes]:
        try:
            while self._response is not None and (data := self._response.read1(_CHUNK)):
                yield data
            self._check_time()
        except (OSError, HTTPException, ValueError, AttributeError) as error:
            raise FetchError(str(error) or type(error).__name__) from error

    def _check_time(self) -> None:
        """A connection that was cut looks like one that has ended."""
        if self._is_late:
            raise TimeoutError("no complete response in time")

    def _give_up(self) -> None:
        self._is_late = True
        self.cut()

    def cut(self) -> None:
        if self._socket is not None:
            with suppress(OSError):  # it is cut already
                self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._timer.cancel()
        if self._response is not None:
            self._response.close()
        self._connection.close()
        if self._socket is not None:
            self._socket.close()


@dataclass(frozen=True)
class Answer:
    """A document, and how long it stays fresh."""

    #: None: the same as the one with the ``ETag`` that the caller named (304).
    data: bytes | None
    etag: str | None
    #: In seconds; None if the server does not say.
    fresh_for: float | None


def get_json(open_: Open, url: str, timeout: float, etag: str | None = None) -> Answer:
    """Fetches JSON. Raises ``FetchError`` if there is no complete response in time."""
    headers = {"Accept": "application/jwk-set+json, application/json"}
    if etag is not None:
        headers["If-None-Match"] = etag
    return _send(open_, url, headers, timeout, None, lambda response: _read_answer(response, etag))


def post_form(open_: Open, url: str, timeout: float, form: Mapping[str, str], authorization: str) -> dict[str, Any]:
    """Sends a form, and gives the JSON object of the response. Raises ``FetchError`` if there is none in time."""
    headers = {
        "Accept": "application/json",
        "Content-Type": "application/x-www-form-urlencoded",
        "Authorization": authorization,
    }
    return _send(open_, url, headers, timeout, urlencode(form).encode(), _read_object)


def _send(
    open_: Open, url: str, headers: Mapping[str, str], timeout: float, body: bytes | None, read: Callable[[Response], T]
) -> T:
    try:
        response = open_(url, headers, timeout, timeout, body)
        try:
            return read(response)
        finally:
            response.close()
    except FetchError as error:
        raise type(error)(f"{url}: {error}") from error


def _read_answer(response: Response, etag: str | None) -> Answer:
    fresh_for = _freshness(response)
    if response.status == 304 and etag is not None:
        return Answer(None, etag, fresh_for)
    data = _read(response)
    if not re.match(r"application/(?:[^;/]+\+)?json *(?:;|$)", response.header("Content-Type") or "", re.IGNORECASE):
        raise NoDocumentError("the response is not JSON")
    return Answer(data, response.header("ETag"), fresh_for)


def _read_object(response: Response) -> dict[str, Any]:
    value = parse_object(_read(response))
    if value is None:
        raise FetchError("the response is no JSON object")
    return value


def _read(response: Response) -> bytes:
    if response.status != 200:
        raise NoDocumentError(f"the response is {response.status}")
    data = b""
    for chunk in response.chunks():
        data += chunk
        if len(data) > _MAX_BYTES:
            raise FetchError(f"the response is longer than {_MAX_BYTES // 1024} KiB")
    length = response.header("Content-Length")
    if length is not None and length != str(len(data)):
        raise FetchError("the response is not complete")
    return data


def _freshness(response: Response) -> float | None:
    """``max-age`` less ``Age`` (RFC 9111 §4.2); 0 for ``no-cache`` and ``no-store``."""
    directives = [part.strip() for part in (response.header("Cache-Control") or "").lower().split(",")]
    if "no-store" in directives or "no-cache" in directives:
        return 0
    ages = [found for part in directives if (found := re.fullmatch(r'max-age *= *"?([0-9]{1,10})"?', part))]
    age = re.fullmatch(r"[0-9]{1,10}", response.header("Age") or "")
    return max(0, int(ages[0][1]) - (int(age[0]) if age else 0)) if ages else None
