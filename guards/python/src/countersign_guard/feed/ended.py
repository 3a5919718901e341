"""The sessions that have ended while some of their access tokens have not expired.

An entry names a session (``sid``) and never a token: ECDSA signatures are malleable, so one token can have two spellings.
And the time before which all have ended: the issuer's store was put back to an earlier state, in which sessions live that had
ended, and nobody can name them.
"""

from __future__ import annotations

import math
from threading import Lock
from typing import Callable

#: How often entries whose time is over are looked for, in seconds.
_SWEEP = 60


class EndedSessions:
    """The set of ended sessions. Safe to use from many threads; reading takes no lock."""

    def __init__(self) -> None:
        #: Session ID → when the last of its access tokens has expired, in Unix seconds. Who accepts a token for longer
        #: asks with an earlier ``now``.
        self._until: dict[str, float] = {}
        self._not_before = -math.inf
        self._swept_at = 0.0
        self._watchers: dict[str, list[Callable[[], None]]] = {}
        self._lock = Lock()

    def renew_locks(self) -> None:
        """After a fork: a lock that a thread of the parent held stays locked in the child."""
        self._lock = Lock()

    def add(self, sid: str, until: float) -> None:
        """Ends a session. A later call can make it longer, never shorter."""
        with self._lock:
            self._until[sid] = max(until, self._until.get(sid, until))
            callbacks = self._watchers.pop(sid, [])
        for callback in callbacks:
            callback()

    def has(self, sid: str, now: float) -> bool:
        """Whether it has ended; ``now`` in Unix seconds."""
        until = self._until.get(sid)
        return until is not None and now < until

    def add_issued_before(self, time: float) -> None:
        """Ends all of which a token was issued before, in Unix seconds. A later call can move that on, never back."""
        with self._lock:
            if time <= self._not_before:
                return
            self._not_before = time
            callbacks = [callback for watching in self._watchers.values() for callback in watching]
        for callback in callbacks:
            callback()

    def refuses(self, sid: str | None, issued_at: float, now: float) -> bool:
        """Whether a token is refused: its session has ended, or it was issued too early."""
        return issued_at < self._not_before or (sid is not None and self.has(sid, now))

    def __len__(self) -> int:
        return len(self._until)

    def sweep(self, now: float) -> None:
        """Removes, once in a while, the entries whose time is over."""
        with self._lock:
            if now - self._swept_at < _SWEEP:
                return
            self._swept_at = now
            for sid in [sid for sid, until in self._until.items() if until <= now]:
                del self._until[sid]

    def watch(self, sid: str, callback: Callable[[], None]) -> Callable[[], None]:
        """Calls back when the session may have ended; the result takes it back."""
        with self._lock:
            self._watchers.setdefault(sid, []).append(callback)
        return lambda: self._unwatch(sid, callback)

    def _unwatch(self, sid: str, callback: Callable[[], None]) -> None:
        with self._lock:
            left = [other for other in self._watchers.pop(sid, []) if other is not callback]
            if left:
                self._watchers[sid] = left
