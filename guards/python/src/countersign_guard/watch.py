"""Waits for the ends of tokens, on one thread for all: for WebSockets and streams, which outlive the check at their start."""

from __future__ import annotations

import heapq
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from itertools import count
from threading import Condition, Thread
from typing import Callable

from .feed.ended import EndedSessions

#: Waits run on the monotonic clock: look at the time of day once in a while.
_LOOK_EVERY = 60.0


class Watchers:
    """The tokens that are watched. The thread starts with the first of them."""

    def __init__(self, ended: EndedSessions, now: Callable[[], float]) -> None:
        self._ended = ended
        self._now = now
        self._bell = Condition()
        #: When each expires, the next one first. The number keeps futures from being compared.
        self._queue: list[tuple[float, int, Future[str]]] = []
        self._numbers = count()
        self._thread: Thread | None = None

    def renew_locks(self) -> None:
        """After a fork: the thread stayed in the parent, and so did those that wait."""
        self._bell = Condition()
        self._queue = []
        self._thread = None

    def watch(self, sid: str | None, issued_at: float, expires_at: float) -> Future[str]:
        """Gives ``"expired"`` or ``"revoked"``. Cancel it when nobody waits any more."""
        over: Future[str] = Future()

        def look() -> None:
            if self._ended.refuses(sid, issued_at, self._now()):
                _settle(over, "revoked")

        if sid is not None:
            unwatch = self._ended.watch(sid, look)
            over.add_done_callback(lambda _: unwatch())
        look()  # after the call above, so nothing falls between
        with self._bell:
            heapq.heappush(self._queue, (expires_at, next(self._numbers), over))
            if self._thread is None:
                self._thread = Thread(target=self._run, name="countersign-watch", daemon=True)
                self._thread.start()
            self._bell.notify()
        return over

    def _run(self) -> None:
        while True:
            with self._bell:
                self._bell.wait(self.turn())

    def turn(self) -> float:
        """Ends what has expired. Returns how many seconds to wait."""
        while self._queue and (self._queue[0][2].done() or self._queue[0][0] <= self._now()):
            _settle(heapq.heappop(self._queue)[2], "expired")
        return min(_LOOK_EVERY, self._queue[0][0] - self._now()) if self._queue else _LOOK_EVERY


def _settle(over: Future[str], why: str) -> None:
    with suppress(InvalidStateError):  # it has ended already, or nobody waits any more
        over.set_result(why)
