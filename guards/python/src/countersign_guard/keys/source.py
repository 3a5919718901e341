"""One fetch of the issuer's keys: the metadata first if the place of the keys is not known, then the set. Decides which responses
count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..environment import Environment
from ..fetch import check_url, get_json
from ..jwk_set import Key, parse_jwk_set
from ..metadata import check_issuer, discover


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
        if options.jwks_url is None:
            check_issuer(options.issuer)
        else:
            check_url(options.jwks_url)

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
        options = self._options
        return options.jwks_url or discover(self._env, options.issuer, options.timeout, "jwks_uri")
