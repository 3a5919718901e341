"""What the follower knows from what has arrived: the ended sessions, where to go on, and how fresh that is. Pure: bytes and the
run time in seconds are arguments.

It must never call itself fresh while it misses a session that ended more than ``FRESH_FOR`` ago. So it dates what it has by the
server's own word (``asOf``), brought to the local clock by the strictest reading: ``hello`` says the server's time at some moment
after the request was sent, thus at the latest at that moment.

A snapshot adds and takes nothing away: what it lacks has expired, or the server has lost it.
"""

from __future__ import annotations

import math
from typing import Any

from ..strict_json import parse_object
from .ended import EndedSessions
from .events import EventParser, ServerSentEvent, TooLongError

#: Above that lag, in seconds, the feed is late: two heartbeats are missing.
FRESH_FOR = 5.0
#: What one ``sync`` names at most.
_MAX_WITHDRAWN = 100
_DRIFT = 0.5
#: A ``hello`` that comes this soon compares the clocks well enough.
_EXACT = 1.0
_RENEW_INEXACT_AFTER = 10.0
_RENEW_AFTER = 30 * 60.0


class _Nonsense(Exception):
    """The stream makes no sense: it is left, and the next one begins at the last ``sync``."""


class FeedState:
    """One thread writes; ``lag`` may be read by many."""

    def __init__(self, issuer: str, ended: EndedSessions) -> None:
        #: The ``ETag`` of the JWK Set, as the last ``sync`` said.
        self.keys_tag: str | None = None
        #: The key IDs of keys that the issuer has withdrawn. Replaced as a whole.
        self.withdrawn: frozenset[str] = frozenset()
        #: Whether there is more to come from this stream.
        self.is_open = False
        #: What is wrong with the stream, if that is why it was left.
        self.failure: str | None = None
        #: Whether this stream has got to its first ``sync``.
        self.is_synced = False
        self._issuer = issuer
        self._ended = ended
        #: Where the next stream goes on; None: with everything. Only a ``sync`` moves it, so nothing is skipped.
        self._cursor: str | None = None
        #: Everything that ended before this local time is known.
        self._complete_at = -math.inf
        self._parser = EventParser()
        self._sent_at = 0.0
        #: The server's time minus ours, at most; None before ``hello``.
        self._ahead: float | None = None
        self._last_as_of = -math.inf
        #: Two clocks drift apart: when to compare them again.
        self._renew_at = math.inf

    def connect(self, elapsed: float) -> str | None:
        """A request goes out. Returns the cursor that it has to name, if any."""
        self._parser = EventParser()
        self._sent_at = elapsed
        self._ahead = None
        self._last_as_of = -math.inf
        self._renew_at = math.inf
        self.is_open = True
        self.failure = None
        self.is_synced = False
        return self._cursor

    def receive(self, data: bytes, elapsed: float) -> bool:
        """Bytes of the response have arrived. Returns whether to go on reading."""
        if not self.is_open:
            return False
        try:
            for event in self._parser.push(data):
                self._handle(event, elapsed)
                if not self.is_open:
                    break
        except (_Nonsense, TooLongError) as error:
            self.failure = str(error)
            self.is_open = False
        if elapsed >= self._renew_at:
            self.is_open = False
        return self.is_open

    def lag(self, elapsed: float) -> float:
        """How far behind it may be at most, in seconds; infinite before the first ``sync``."""
        return elapsed - self._complete_at

    def is_late(self, elapsed: float) -> bool:
        return self.lag(elapsed) > FRESH_FOR

    def _handle(self, event: ServerSentEvent, elapsed: float) -> None:
        if event.name not in ("hello", "revoked", "sync", "reset"):
            return
        value = parse_object(event.data.encode("utf-8", "replace"))
        if value is None:
            raise _Nonsense(f"the event {event.name} is no JSON object")
        if event.name == "hello":
            self._hello(value, elapsed)
        elif self._ahead is None:
            raise _Nonsense("the first event is not hello")
        elif event.name == "revoked":
            self._revoked(value)
        elif event.name == "sync":
            self._sync(value, event.id, self._ahead, elapsed)
        else:
            self._reset()

    def _hello(self, value: dict[str, Any], elapsed: float) -> None:
        mode, now, not_before = value.get("mode"), _number(value.get("now")), _number(value.get("notBefore"))
        if value.get("v") != 1:
            raise _Nonsense(f"version {value.get('v')!r} of the feed is not known here")
        if value.get("iss") != self._issuer:
            raise _Nonsense(f"the feed is of the issuer {value.get('iss')!r}")
        if now is None or mode not in ("snapshot", "delta"):
            raise _Nonsense("hello cannot be read")
        if not_before is None and "notBefore" in value:
            raise _Nonsense("hello has a notBefore that is no time")
        if mode == "delta" and self._cursor is None:
            raise _Nonsense("a delta, and nothing that it adds to")
        if not_before is not None:
            self._ended.add_issued_before(not_before)
        self._ahead = now / 1000 - self._sent_at
        self._renew_at = elapsed + (_RENEW_AFTER if elapsed - self._sent_at < _EXACT else _RENEW_INEXACT_AFTER)

    def _revoked(self, value: dict[str, Any]) -> None:
        until, sids = _number(value.get("until")), value.get("sid")
        if until is None or not isinstance(sids, list) or not all(isinstance(sid, str) for sid in sids):
            raise _Nonsense("revoked cannot be read")
        for sid in sids:
            self._ended.add(sid, until)

    def _sync(self, value: dict[str, Any], cursor: str | None, ahead: float, elapsed: float) -> None:
        as_of, tag, withdrawn = _number(value.get("asOf")), value.get("keys"), value.get("withdrawn")
        if as_of is None:
            raise _Nonsense("sync has no asOf")
        # A clock that was set is compared with ours anew. A little into the future is a drift.
        if as_of < self._last_as_of or as_of / 1000 - ahead > elapsed + _DRIFT:
            self.is_open = False
            return
        self._last_as_of = as_of
        self._cursor = cursor or self._cursor
        self._complete_at = max(self._complete_at, min(as_of / 1000 - ahead, elapsed))
        self.keys_tag = tag if isinstance(tag, str) else self.keys_tag
        if isinstance(withdrawn, list):
            self.withdrawn |= {key_id for key_id in withdrawn[:_MAX_WITHDRAWN] if isinstance(key_id, str)}
        self.is_synced = True

    def _reset(self) -> None:
        """What was there stays refused: an ended session never comes back to life."""
        self._cursor = None
        self._complete_at = -math.inf
        self.is_open = False


def _number(value: object) -> float | None:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None
