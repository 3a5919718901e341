"""One fetch of the issuer's keys: the metadata first if the place of the keys is not known, then the set. Decides which responses
count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..environment import Environment
from ..fetch import FetchError, NoDocumentError, check_url, get_json
from ..jwk_set import Key, parse_jwk_set
from ..strict_json import parse_object


@dataclass(frozen=True)
class Fetched:
    """An answer."""

    #: None: the same as before.
    keys: Sequence[Key] | None
    #: The set as it was sent, to tell a changed one.
    data: bytes | None
    etag: str | None
    fresh_for: float | None


@dataclass(frozen=True)
class SourceOptions:
    """Where the keys are, and which count."""

    issuer: str
    jwks_url: str | None
    algorithms: Sequence[str]
    timeout: float


class Source:
    """Fetches the keys of one issuer. Raises ``ValueError`` if the issuer or the place of its keys is no address to fetch."""

    def __init__(self, env: Environment, options: SourceOptions) -> None:
        self._env = env
        self._options = options
        self._found: tuple[str, str | None] | None = None
        check_url(options.jwks_url or options.issuer)
        if options.jwks_url is None and any(char in options.issuer for char in "?#"):
            raise ValueError(f"the issuer {options.issuer} has a query or a fragment")  # RFC 8414 §2

    def forget(self) -> None:
        """Forgets what it has, or a 304 would confirm keys that are gone."""
        self._found = None

    def fetch(self) -> Fetched:
        """Fetches the keys. After a failure, the next call reads the metadata again, since the place may have changed.

        Raises ``FetchError`` or ``ValueError``.
        """
        url, etag = self._found or (self._locate(), None)
        self._found = None
        answer = get_json(self._env.open, url, self._options.timeout, etag)
        keys = None if answer.data is None else parse_jwk_set(answer.data, self._options.algorithms)
        # An issuer that has withdrawn a key publishes another; a set of none is a mistake of its deployment.
        if keys is not None and not keys:
            raise ValueError(f"{url}: no usable key")
        self._found = (url, answer.etag)
        return Fetched(keys, answer.data, answer.etag, answer.fresh_for)

    def _locate(self) -> str:
        """The metadata of RFC 8414 §3, or else those of OpenID Connect Discovery §4."""
        if self._options.jwks_url is not None:
            return self._options.jwks_url
        first, second = metadata_urls(self._options.issuer)
        try:
            return self._read_metadata(first)
        except NoDocumentError:
            return self._read_metadata(second)

    def _read_metadata(self, url: str) -> str:
        answer = get_json(self._env.open, url, self._options.timeout)
        metadata = parse_object(answer.data or b"") or {}
        # RFC 8414 §3.3: the keys of another issuer would verify tokens in the name of this one.
        if metadata.get("issuer") != self._options.issuer:
            raise FetchError(f"{url}: the metadata is of the issuer {metadata.get('issuer')!r}")
        keys = str(metadata.get("jwks_uri"))
        # The operator chose the issuer's host. Another one is the choice of a document, which must not reach into the
        # operator's network.
        if check_url(keys).netloc.lower() != check_url(url).netloc.lower():
            raise FetchError(f"{url}: the keys are on another host; set jwks_url to {keys} if you trust it")
        return keys


def metadata_urls(issuer: str) -> tuple[str, str]:
    """RFC 8414 §3.1 puts the well-known part between host and path; OpenID Connect Discovery §4 puts it at the end."""
    url = check_url(issuer)
    origin, path = f"{url.scheme}://{url.netloc}", url.path.rstrip("/")
    return f"{origin}/.well-known/oauth-authorization-server{path}", f"{origin}{path}/.well-known/openid-configuration"
