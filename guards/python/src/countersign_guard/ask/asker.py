"""Asks the issuer about sessions while the feed is late, on a few threads: which questions are open, and which answers count.

One question for each token, however many requests need it: that a token which is about to expire is not active says nothing about
another one. A positive answer counts for the session, for five seconds. After a failure the issuer is left alone for a second:
requests do not queue up for one that does not answer.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, wait
from enum import Enum
from threading import Lock, Thread
from typing import Callable

from ..environment import Environment
from ..feed.ended import EndedSessions

#: How long a request waits for an answer, in seconds.
ANSWER_WITHIN = 3.0
_ANSWER_COUNTS = 5.0
_REST = 1.0
_MOST_AT_A_TIME = 4
_MOST_OPEN = 1_000
_MOST_ACTIVE = 10_000


class Outcome(Enum):
    """How a question ended."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    #: The token alone is not good any longer.
    EXPIRED = "expired"
    #: There is no answer.
    UNKNOWN = "unknown"


class Question:
    """Whether the session of a token goes on. All requests with that token wait for the same one."""

    def __init__(self, token: str, sid: str, expires_at: int) -> None:
        self.token = token
        self.sid = sid
        #: When the token expires, in Unix seconds.
        self.expires_at = expires_at
        self.outcome: Future[Outcome] = Future()
        self.outcome.set_running_or_notify_cancel()  # one who gives up must not cancel it for the others
        #: How many wait. The asker's lock guards it.
        self.waiting = 0


class Asker:
    """The questions to one issuer. Safe to use from many threads."""

    def __init__(self, env: Environment, is_active: Callable[[str], bool], ended: EndedSessions, leeway: int) -> None:
        """``is_active`` asks about a token: it blocks, or raises an error. ``ended`` gets the sessions that are not active."""
        #: Why the last question has no answer; None after one that has.
        self.failure: str | None = None
        self._env = env
        self._is_active = is_active
        self._ended = ended
        self._leeway = leeway
        #: Sessions that go on, and until when that counts.
        self._active_until: dict[str, float] = {}
        self._rest_until = -math.inf
        self.renew_locks()

    def renew_locks(self) -> None:
        """After a fork: the threads stayed in the parent, and so did those that wait."""
        self._lock = Lock()
        #: By their tokens.
        self._open: dict[str, Question] = {}
        self._queue: deque[Question] = deque()
        self._threads = 0

    def is_active(self, sid: str) -> bool:
        """Whether the session was said to go on, less than five seconds ago."""
        return self._env.elapsed() < self._active_until.get(sid, -math.inf)

    def ask(self, token: str, sid: str, exp: float) -> Question | None:
        """The question about this token, which the caller then waits for. None: it cannot be asked now, since too many are open,
        or the issuer is left alone."""
        with self._lock:
            question = self._open.get(token)
            if question is None:
                if self._env.elapsed() < self._rest_until or len(self._open) >= _MOST_OPEN:
                    return None
                if not self._has_thread():
                    return None
                question = self._open[token] = Question(token, sid, math.floor(exp))
                self._queue.append(question)
            question.waiting += 1
            return question

    def wait(self, question: Question) -> Outcome:
        """Blocks, for at most three seconds."""
        try:
            return question.outcome.result() if wait([question.outcome], ANSWER_WITHIN).done else Outcome.UNKNOWN
        finally:
            self.leave(question)

    async def wait_async(self, question: Question) -> Outcome:
        """The same without blocking the event loop."""
        outcome = asyncio.wrap_future(question.outcome)
        try:
            await asyncio.wait([outcome], timeout=ANSWER_WITHIN)
            return outcome.result() if outcome.done() else Outcome.UNKNOWN
        finally:
            outcome.cancel()
            self.leave(question)

    def leave(self, question: Question) -> None:
        """One waits no longer."""
        with self._lock:
            question.waiting -= 1

    def _has_thread(self) -> bool:
        """Starts another one, if there may be more."""
        if self._threads < _MOST_AT_A_TIME:
            try:
                self._start()
                self._threads += 1
            except RuntimeError:  # the system has none left
                return self._threads > 0
        return True

    def _start(self) -> None:
        Thread(target=self._run, name="countersign-ask", daemon=True).start()

    def _run(self) -> None:
        """Asks until there is nothing to ask."""
        while (question := self.next()) is not None:
            asked_at = self._env.elapsed()
            said: bool | Exception
            try:
                said = self._is_active(question.token)
            except Exception as error:  # whatever it is, those who wait must hear of it
                said = error
            self.settle(question, asked_at, said)

    def next(self) -> Question | None:
        """The next question for a thread; one that nobody waits for any longer is left out. None: the thread ends."""
        with self._lock:
            while self._queue:
                question = self._queue.popleft()
                if question.waiting > 0:
                    return question
                self._open.pop(question.token)
            self._threads -= 1
            return None

    def settle(self, question: Question, asked_at: float, said: bool | Exception) -> None:
        """The issuer, asked then, has said whether the token is active, or nothing."""
        closed: Sequence[Question] = [question]
        if isinstance(said, Exception):
            outcome = Outcome.UNKNOWN
            closed = self._failed(question, str(said))
        elif said:
            outcome = self._active(question, asked_at)
        else:
            outcome = self._inactive(question)
        with self._lock:
            for each in closed:
                self._open.pop(each.token, None)
        if not isinstance(said, Exception):
            self._answered()
        for each in closed:
            each.outcome.set_result(outcome)

    def _failed(self, question: Question, message: str) -> Sequence[Question]:
        """All questions that are not put to the issuer any more."""
        if self.failure is None:
            self._env.warn(f"the issuer does not answer questions about sessions: {message}")
        self.failure = message
        with self._lock:
            self._rest_until = self._env.elapsed() + _REST
            dropped = [question, *self._queue]
            self._queue.clear()
            return dropped

    def _answered(self) -> None:
        if self.failure is not None:
            self._env.warn("the issuer answers questions about sessions again")
        self.failure = None

    def _active(self, question: Question, asked_at: float) -> Outcome:
        with self._lock:
            if len(self._active_until) >= _MOST_ACTIVE:
                self._active_until = {sid: until for sid, until in self._active_until.items() if asked_at < until}
            if len(self._active_until) < _MOST_ACTIVE:
                self._active_until[question.sid] = asked_at + _ANSWER_COUNTS
        return Outcome.ACTIVE

    def _inactive(self, question: Question) -> Outcome:
        """The issuer does not give a token its leeway, and its clock may be ahead."""
        now = math.floor(self._env.now())
        if question.expires_at <= now + self._leeway:
            return Outcome.EXPIRED
        self._ended.sweep(now - self._leeway)  # the feed, which does that otherwise, is late
        self._ended.add(question.sid, question.expires_at)
        return Outcome.INACTIVE
