"""Follows the feed on a thread of its own: one stream at a time, and back again after every end of it."""

from __future__ import annotations

import re
from threading import Event
from typing import Callable

from ..environment import Environment
from ..fetch import FetchError, Response
from .state import FeedState

#: A stream that is silent for that long is dead: heartbeats come every two seconds.
_SILENCE = 10.0
#: A stream is left sooner by itself.
_LONGEST_STREAM = 3600.0
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 5.0
#: When the key is refused, and at most when the server names a time.
_LONGEST_REFUSED_PAUSE = 60.0


class _RefusedError(FetchError):
    """The server has answered, but not with the feed."""

    def __init__(self, response: Response) -> None:
        super().__init__(f"the response is {response.status}")
        self.is_of_key = response.status in (401, 403)
        named = re.fullmatch(r"[0-9]{1,6}", response.header("Retry-After") or "")
        self.pause = min(float(named[0]), _LONGEST_REFUSED_PAUSE) if named else None


class Follower:
    """The feed of one issuer."""

    def __init__(self, env: Environment, url: str, key: str | None, state: FeedState, on_sync: Callable[[], None]) -> None:
        #: Why the last stream ended badly; None while one is good.
        self.failure: str | None = None
        #: Set at the first ``sync``, or at the end of a stream that has none.
        self.tried = Event()
        #: Set at the first ``sync``.
        self.ready = Event()
        self._env = env
        self._url = url
        self._key = key
        self._state = state
        self._on_sync = on_sync
        self._failures = 0
        self._response: Response | None = None
        self._over = Event()

    def renew_locks(self) -> None:
        """After a fork: a lock that a thread of the parent held stays locked in the child."""
        self.tried, self.ready = Event(), Event()
        self._over = Event()
        self._response = None  # its connection is the parent's

    def run(self) -> None:
        """Follows until it is closed."""
        over = self._over
        while not over.wait(self.stream()):
            pass

    def close(self) -> None:
        self._over.set()
        response = self._response
        if response is not None:
            response.cut()

    def stream(self) -> float:
        """One stream from its request to its end. Returns how many seconds to wait for the next."""
        try:
            self._read()
            if not self._state.is_synced:
                raise FetchError("the stream ended before it said anything")
            return _FIRST_PAUSE * self._env.chance()
        except FetchError as error:
            # A stream that was good for a while and broke is not yet worth a word.
            if not self._state.is_synced or self._state.failure is not None:
                self._fail(str(error))
            return self._pause_after(error)
        finally:
            self.tried.set()

    def _pause_after(self, error: FetchError) -> float:
        refused = error if isinstance(error, _RefusedError) else None
        if refused and refused.pause is not None:
            return refused.pause * (0.5 + 0.5 * self._env.chance())
        # Full jitter: guards that have lost one server do not all come to the next at the same moment.
        longest = _LONGEST_REFUSED_PAUSE if refused and refused.is_of_key else _LONGEST_PAUSE
        return float(min(_FIRST_PAUSE * 2.0 ** min(self._failures, 10), longest) * self._env.chance())

    def _read(self) -> None:
        cursor = self._state.connect(self._env.elapsed())
        headers = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
        if self._key is not None:
            headers["Authorization"] = f"Bearer {self._key}"
        if cursor is not None:
            headers["Last-Event-ID"] = cursor
        response = self._env.open(self._url, headers, _SILENCE, _LONGEST_STREAM, None)
        self._response = response
        try:
            if response.status != 200:
                raise _RefusedError(response)
            if not re.match(r"text/event-stream *(?:;|$)", response.header("Content-Type") or "", re.IGNORECASE):
                raise FetchError("the response is no event stream")
            for data in response.chunks():
                if not self._receive(data) or self._over.is_set():
                    return
        finally:
            response.close()

    def _receive(self, data: bytes) -> bool:
        """Returns whether to go on reading."""
        goes_on = self._state.receive(data, self._env.elapsed())
        if self._state.is_synced:
            if self.failure is not None:
                self._env.warn("the feed of ended sessions is followed again")
            self.failure = None
            self._failures = 0
            self._on_sync()
            self.ready.set()
            self.tried.set()
        if self._state.failure is not None:
            raise FetchError(self._state.failure)
        return goes_on

    def _fail(self, message: str) -> None:
        if self._over.is_set():
            return
        if self.failure is None:
            self._env.warn(f"the feed of ended sessions at {self._url}: {message}")
        self.failure = message
        self._failures += 1
