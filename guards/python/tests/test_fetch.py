"""The one request, against a server that misbehaves."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import pytest

from countersign_guard.fetch import FetchError, NoDocumentError, get_json, open_url

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@contextmanager
def server(*parts: bytes, stays: bool = False, trickles: bool = False) -> Iterator[str]:
    """Serves these bytes, whatever is asked. The connection ends then, unless it ``stays`` or ``trickles``."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                try:
                    for part in parts:
                        connection.sendall(part)
                    while stays and connection.recv(65536):
                        pass
                    while trickles:
                        connection.sendall(b" ")
                        time.sleep(0.02)  # the slowness is what is tested
                except OSError:
                    pass  # the client has left, as it should

        thread = Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/keys"
        thread.join()


def test_a_document_comes_with_its_tag_and_its_freshness() -> None:
    head = OK + b'ETag: "k1"\r\nCache-Control: public, MAX-AGE = "300"\r\nAge: 100\r\nContent-Length: 2\r\n\r\n'
    with server(head, b"{}", stays=True) as url:
        answer = get_json(open_url, url, 10)
    assert (answer.data, answer.etag, answer.fresh_for) == (b"{}", '"k1"', 200)


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", NoDocumentError),
        (b"HTTP/1.1 304 Not Modified\r\n\r\n", NoDocumentError),
        (OK + b"Content-Length: 99\r\n\r\n{}", FetchError),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", FetchError),
        (OK + b"\r\n" + b"x" * 65537, FetchError),
        (OK.replace(b"application/json", b"text/html") + b"\r\n{}", NoDocumentError),
        (b"SSH-2.0\r\n", FetchError),
        (b"", FetchError),
    ],
)
def test_a_bad_response_is_an_error(response: bytes, error: type[FetchError]) -> None:
    with server(response) as url, pytest.raises(FetchError) as raised:
        get_json(open_url, url, 10)
    assert type(raised.value) is error
    assert url in str(raised.value)


def test_a_silent_server_is_given_up() -> None:
    for parts in ((), (OK,), (OK + b"Content-Length: 2\r\n\r\n{",)):
        with server(*parts, stays=True) as url, pytest.raises(FetchError):
            get_json(open_url, url, 0.1)


def test_a_server_that_sends_a_byte_now_and_then_is_given_up() -> None:
    with server(OK + b"Content-Length: 100000\r\n\r\n", trickles=True) as url, pytest.raises(FetchError):
        get_json(open_url, url, 0.3)
