"""One introspection request (RFC 7662 §2.1), and where to send it."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from urllib.parse import quote_plus

from ..environment import Environment
from ..fetch import FetchError, check_url, post_form
from ..metadata import check_issuer, discover


@dataclass(frozen=True)
class Ask:
    """While the feed is late: the issuer is asked about each session (RFC 7662), as this client. A request waits at most three
    seconds; without an answer it gets 503. ``countersign client add NAME`` makes the client."""

    client_id: str
    client_secret: str = field(repr=False)
    #: Where to ask. Default: the ``introspection_endpoint`` of the issuer's metadata.
    url: str | None = None


class Endpoint:
    """The introspection of one issuer. Raises ``ValueError`` if it lacks a client, or the place is no address to ask."""

    def __init__(self, env: Environment, issuer: str, ask: Ask, timeout: float) -> None:
        if not ask.client_id or not ask.client_secret:
            raise ValueError("who asks the issuer needs a client_id and a client_secret")
        if ask.url is None:
            check_issuer(issuer)
        else:
            check_url(ask.url)
        self._env = env
        self._issuer = issuer
        self._ask = ask
        self._timeout = timeout
        self._found: str | None = None

    def is_active(self, token: str) -> bool:
        """Whether the issuer says so of this token. After a failure, the next call reads the metadata again.

        Blocks. Raises ``FetchError`` or ``ValueError``.
        """
        url = self._ask.url or self._found or discover(self._env, self._issuer, self._timeout, "introspection_endpoint")
        self._found = None
        form = {"token": token, "token_type_hint": "access_token"}
        authorization = _basic(self._ask.client_id, self._ask.client_secret)
        active = post_form(self._env.open, url, self._timeout, form, authorization).get("active")
        # RFC 7662 §2.2. No other value is taken for an answer.
        if not isinstance(active, bool):
            raise FetchError(f"{url}: the response does not say whether the token is active")
        self._found = url
        return active


def _basic(client_id: str, client_secret: str) -> str:
    """RFC 6749 §2.3.1: both are form-encoded first."""
    pair = ":".join(quote_plus(text, safe="*").replace("~", "%7E") for text in (client_id, client_secret))
    return f"Basic {base64.b64encode(pair.encode()).decode()}"
