"""The guard: the verifier, with the keys and the feed that keep it up to date."""

from __future__ import annotations

import asyncio
import math
import os
import re
import weakref
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Lock, Thread
from typing import Literal

from .ask.asker import ANSWER_WITHIN, Asker
from .ask.endpoint import Ask, Endpoint
from .bearer import Authorization, bearer_token
from .claims import AccessClaims
from .environment import Environment
from .feed.ended import EndedSessions
from .feed.follower import Follower
from .feed.state import FeedState
from .fetch import check_url
from .jwk_set import KINDS
from .keys.keeper import KeyKeeper
from .keys.source import Source, SourceOptions
from .policy import Policy
from .verifier import Knowledge, ShortLeash, Verifier, WhenLate
from .watch import Watchers

#: The issuer counts on it when it forgets ended sessions.
_MAX_LEEWAY = 120
_DAY = 24 * 60 * 60.0


class NotReadyError(Exception):
    """There are no keys, or the feed has not said yet what has ended."""


@dataclass(frozen=True)
class Feed:
    """Follow the issuer's feed of ended sessions, so that a logout counts here at once."""

    #: What ``countersign feed-key add NAME`` printed. Not needed if the feed is public.
    key: str | None = field(default=None, repr=False)
    #: Where it is. Default: ``/api/revocations`` at the issuer.
    url: str | None = None
    #: What to do while the guard may miss sessions that have ended: ``"accept"``, ``"reject"``, a ``ShortLeash``, or
    #: ``Ask``.
    when_late: WhenLate = "accept"


@dataclass(frozen=True)
class Options:
    """What can be chosen about a guard beyond its issuer, its audience and the feed."""

    #: Where the keys are, if not where the issuer's metadata says.
    jwks_url: str | None = None
    algorithms: Sequence[str] = ("RS256", "ES256", "ES384", "EdDSA")
    #: ``"at+jwt"`` (RFC 9068). ``"JWT"`` also takes tokens without ``typ``: ID tokens of the same issuer pass then.
    type: str = "at+jwt"
    #: How far the clocks may differ, in seconds, at most 120.
    leeway: int = 30
    #: Scopes and roles that every route demands.
    scopes: Sequence[str] = ()
    roles: Sequence[str] = ()
    #: How long requests wait for the first keys and the feed after the start, in seconds.
    startup_wait: float = 5.0
    #: How long keys are used after the issuer last confirmed them, in seconds.
    stale_for: float = _DAY
    #: How long one fetch may take, in seconds.
    timeout: float = 10.0
    #: Another world, for tests.
    environment: Environment = field(default_factory=Environment)


@dataclass(frozen=True)
class Status:
    """For metrics and readiness checks."""

    #: How many keys there are.
    keys: int
    #: How long ago the issuer last confirmed them, in seconds; None without keys.
    keys_age: float | None
    #: Why the last fetch failed; None after a good one.
    keys_failure: str | None
    #: How far the guard may be behind, in seconds; infinite before the feed is there, None without one.
    feed_lag: float | None
    #: Why the stream broke; None while it is good.
    feed_failure: str | None
    #: How many ended sessions the guard holds.
    ended: int
    #: Why the last question about a session has no answer; None after one that has.
    ask_failure: str | None


class Guard:
    """Checks access tokens. Safe to use from many threads, and after a fork.

    It does nothing until its first request, or ``wait_ready()``. Then its threads fetch keys and follow the feed.
    """

    def __init__(
        self, issuer: str, audience: str | Sequence[str], feed: Feed | None = None, options: Options | None = None
    ) -> None:
        """``issuer`` is the URL exactly as its tokens say it: ``https``, or ``http`` on this machine. ``audience`` is the name of
        this service in the tokens' ``aud``; with several, any of them. Raises ``ValueError`` for what makes no sense."""
        options = options or Options()
        self._options = options
        self._env = options.environment
        self._policy = policy = _policy(issuer, audience, options)
        source = SourceOptions(issuer, options.jwks_url, options.algorithms, options.timeout)
        self._ended = EndedSessions()
        self._watchers = Watchers(self._ended, self._env.now)
        self._keeper = KeyKeeper(self._env, Source(self._env, source), options.stale_for)
        self._state = FeedState(issuer, self._ended)
        self._follower = self._follow(issuer, feed) if feed is not None else None
        self._when_late = self._lateness(issuer, feed.when_late if feed is not None else "accept")
        known = Knowledge(
            slot=lambda: self._keeper.slot,
            ended=self._ended,
            is_late=lambda: self._follower is not None and self._state.is_late(self._env.elapsed()),
            when_late=self._when_late,
            now=self._now,
            ask_for_key=self._keeper.ask_for_key,
        )
        self._verifier = Verifier(policy, known)
        self._lock = Lock()
        self._wait_until: float | None = None
        _guards.add(self)

    def _follow(self, issuer: str, feed: Feed) -> Follower:
        url = feed.url or f"{issuer.rstrip('/')}/api/revocations"
        check_url(url)
        if not re.fullmatch(r"[!-~]*", feed.key or ""):  # an error about the header would print the key
            raise ValueError("the feed key has a character that no key has")
        return Follower(self._env, url, feed.key, self._state, self._on_sync)

    def _lateness(self, issuer: str, when_late: WhenLate) -> Literal["accept", "reject"] | ShortLeash | Asker:
        if isinstance(when_late, Ask):
            endpoint = Endpoint(self._env, issuer, when_late, min(self._options.timeout, ANSWER_WITHIN))
            return Asker(self._env, endpoint.is_active, self._ended, self._policy.leeway)
        if not isinstance(when_late, ShortLeash) and when_late not in ("accept", "reject"):
            raise ValueError('when_late is "accept", "reject", a ShortLeash or Ask')
        return when_late

    def _on_sync(self) -> None:
        self._ended.sweep(self._now() - self._policy.leeway)
        self._keeper.withdraw(self._state.withdrawn)
        if self._state.keys_tag is not None:
            self._keeper.hear_of_tag(self._state.keys_tag)

    def authenticate(
        self, authorization: Authorization, *, scopes: Sequence[str] = (), roles: Sequence[str] = ()
    ) -> AccessClaims:
        """Checks the values of a request's ``Authorization`` headers. Raises ``Refusal``.

        Never waits for the network, but for the first keys in the first seconds after the start, and for the issuer's word about
        a session while the feed is late, if it is to ``Ask``.
        """
        self._wait_start()
        return self._verifier.verify(bearer_token(authorization), scopes, roles)

    async def authenticate_async(
        self, authorization: Authorization, *, scopes: Sequence[str] = (), roles: Sequence[str] = ()
    ) -> AccessClaims:
        """The same without blocking the event loop."""
        await self._wait_start_async()
        return await self._verifier.verify_async(bearer_token(authorization), scopes, roles)

    def verify(self, token: str, *, scopes: Sequence[str] = (), roles: Sequence[str] = ()) -> AccessClaims:
        """Checks a token that came in another way, a WebSocket's first message for example. Raises ``Refusal``."""
        self._wait_start()
        return self._verifier.verify(token, scopes, roles)

    async def verify_async(self, token: str, *, scopes: Sequence[str] = (), roles: Sequence[str] = ()) -> AccessClaims:
        """The same without blocking the event loop."""
        await self._wait_start_async()
        return await self._verifier.verify_async(token, scopes, roles)

    def watch(self, claims: AccessClaims) -> Future[str]:
        """Gives ``"expired"`` or ``"revoked"`` when the token is over: for connections that outlive the check.

        ``await asyncio.wrap_future(guard.watch(claims))`` in an event loop; cancel it when the connection ends before.
        """
        self._start()
        return self._watchers.watch(claims.get("sid"), claims["iat"], math.floor(claims["exp"]) + self._policy.leeway)

    def wait_ready(self, timeout: float = 10.0) -> None:
        """Waits until there are keys (and the feed has said what has ended). Raises ``NotReadyError`` after that many seconds."""
        self._start()
        until = self._env.elapsed() + timeout
        ready = [self._keeper.ready, *([self._follower.ready] if self._follower else [])]
        if not all(event.wait(max(0.0, until - self._env.elapsed())) for event in ready):
            status = self.status()
            raise NotReadyError(status.keys_failure or status.feed_failure or "no answer yet")

    def status(self) -> Status:
        """The state of keys and feed."""
        keeper, follower = self._keeper, self._follower
        lag = self._state.lag(self._env.elapsed()) if follower else None
        failure = follower.failure if follower else None
        ask_failure = self._when_late.failure if isinstance(self._when_late, Asker) else None
        return Status(len(keeper.slot.keys or ()), keeper.age, keeper.failure, lag, failure, len(self._ended), ask_failure)

    def close(self) -> None:
        """Stops the threads. Every token is refused with 503 from then on."""
        self._keeper.close()
        if self._follower:
            self._follower.close()

    def _is_tried(self) -> bool:
        return self._keeper.tried.is_set() and (self._follower is None or self._follower.tried.is_set())

    def _wait_start(self) -> None:
        """The first calls wait until everything was tried once, for a while."""
        if self._is_tried():
            return
        until = self._start()
        for event in [self._keeper.tried, *([self._follower.tried] if self._follower else [])]:
            event.wait(max(0.0, until - self._env.elapsed()))

    async def _wait_start_async(self) -> None:
        if not self._is_tried():
            await asyncio.get_running_loop().run_in_executor(None, self._wait_start)

    def _start(self) -> float:
        """Starts the threads at the first call. Returns until when requests wait for them."""
        with self._lock:
            if self._wait_until is None:
                self._wait_until = self._env.elapsed() + self._options.startup_wait
                Thread(target=self._keeper.run, name="countersign-keys", daemon=True).start()
                if self._follower:
                    Thread(target=self._follower.run, name="countersign-feed", daemon=True).start()
            return self._wait_until

    def _now(self) -> int:
        return math.floor(self._env.now())

    def _after_fork(self) -> None:
        """The threads stayed in the parent: the next request starts others."""
        self._lock = Lock()
        self._wait_until = None
        self._verifier.renew_locks()
        self._ended.renew_locks()
        self._watchers.renew_locks()
        if isinstance(self._when_late, Asker):
            self._when_late.renew_locks()
        self._keeper.renew_locks()
        if self._follower:
            self._follower.renew_locks()


def _policy(issuer: str, audience: str | Sequence[str], options: Options) -> Policy:
    audiences = (audience,) if isinstance(audience, str) else tuple(audience)
    if not audiences or "" in audiences:
        raise ValueError("a guard needs an audience")
    if not 0 <= options.leeway <= _MAX_LEEWAY:
        raise ValueError(f"leeway is 0 to {_MAX_LEEWAY} seconds")
    if options.type not in ("at+jwt", "JWT"):
        raise ValueError('type is "at+jwt" or "JWT"')
    if not set(options.algorithms) <= KINDS.keys():
        raise ValueError(f"the algorithms are some of {', '.join(KINDS)}")
    return Policy(issuer, audiences, options.type, options.leeway, tuple(options.scopes), tuple(options.roles))


_guards: weakref.WeakSet[Guard] = weakref.WeakSet()


def _after_fork() -> None:
    for guard in list(_guards):
        guard._after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
