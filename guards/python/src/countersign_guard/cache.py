"""Verified tokens and their claims. Expiry and revocation depend on the time, so they are checked again on each hit.

The key is the whole token, never a part or a digest. A cache belongs to one guard and so to one policy: a token accepted for one
audience is not accepted for another.
"""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

from .claims import AccessClaims

#: Tokens are at most 8 KiB, most of them a tenth of that.
_MAX_ENTRIES = 10_000


class TokenCache:
    """The tokens that were used last."""

    def __init__(self) -> None:
        #: Claims, and the version of the keys that verified them: tokens of keys that have been withdrawn must fail.
        self._entries: OrderedDict[str, tuple[AccessClaims, int]] = OrderedDict()
        self._lock = Lock()

    def get(self, token: str, keys_version: int) -> AccessClaims | None:
        with self._lock:
            entry = self._entries.get(token)
            if entry is None:
                return None
            if entry[1] != keys_version:
                del self._entries[token]
                return None
            self._entries.move_to_end(token)
            return entry[0]

    def put(self, token: str, claims: AccessClaims, keys_version: int) -> None:
        with self._lock:
            self._entries[token] = (claims, keys_version)
            if len(self._entries) > _MAX_ENTRIES:
                self._entries.popitem(last=False)

    def remove(self, token: str) -> None:
        with self._lock:
            self._entries.pop(token, None)
