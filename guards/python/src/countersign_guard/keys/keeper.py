"""Keeps the issuer's keys fresh on a thread of its own, one fetch at a time. No request waits for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Condition, Event

from ..environment import Environment
from ..fetch import FetchError
from ..jwk_set import Key
from .schedule import Schedule, Step
from .source import Source


@dataclass(frozen=True)
class KeySlot:
    """The keys as requests read them, replaced as a whole."""

    #: None while there are none to check with.
    keys: Sequence[Key] | None
    version: int


class KeyKeeper:
    """The keys of one issuer."""

    def __init__(self, env: Environment, source: Source, stale_for: float) -> None:
        self.slot = KeySlot(None, 0)
        #: Why the last fetch failed; None after a good one.
        self.failure: str | None = None
        #: Set once a fetch is over, whether good or not.
        self.tried = Event()
        #: Set once there were keys.
        self.ready = Event()
        self._env = env
        self._source = source
        self._schedule = Schedule(env.elapsed(), stale_for)
        #: No set brings these back: a cache on the way may be older than the withdrawal.
        self._withdrawn: frozenset[str] = frozenset()
        self._data: bytes | None = None
        #: The ``ETag`` of the set, by the last answer or by the feed.
        self._tag: str | None = None
        self._has_news = False
        self._is_over = False
        self._bell = Condition()

    def renew_locks(self) -> None:
        """After a fork: a lock that a thread of the parent held stays locked in the child."""
        self._bell = Condition()
        self.tried, self.ready = Event(), Event()

    def run(self) -> None:
        """Takes turns until it is closed."""
        bell = self._bell
        while not self._is_over:
            self.turn()
            with bell:
                # What was asked for since the turn is in the schedule, and its bell has rung for nobody.
                pause = self._schedule.next_step() - self._env.elapsed()
                if pause > 0 and not self._is_over:
                    bell.wait(pause)

    def turn(self) -> None:
        """Does all that is due."""
        while not self._is_over:
            with self._bell:
                step = self._schedule.step(self._env.elapsed())
            if step is Step.FETCH:
                self._fetch()
            elif step is Step.FORGET:
                self._source.forget()
                self._replace(None, None)
                self._env.warn("the keys are too old to be used")
            else:
                return

    def _fetch(self) -> None:
        self._has_news = False
        try:
            fetched = self._source.fetch()
        except (FetchError, ValueError) as error:
            with self._bell:
                self._schedule.failed(self._env.elapsed(), self._env.chance())
            if self.failure is None:
                self._env.warn(f"no keys: {error}")
            self.failure = str(error)
        else:
            with self._bell:
                self._schedule.succeeded(self._env.elapsed(), fetched.fresh_for, self._env.chance())
                self._tag = self._tag or _plain_tag(fetched.etag)
                if self._has_news:  # the answer may be older than news that came while it was on its way
                    self._schedule.hear_of_change(self._env.elapsed(), self._env.chance())
            # The same keys keep the tokens that they have verified.
            if fetched.keys is not None and fetched.data != self._data:
                self._replace(fetched.keys, fetched.data)
            if self.failure is not None:
                self._env.warn("the keys are fetched again")
            self.failure = None
            self.ready.set()
        self.tried.set()

    def _replace(self, keys: Sequence[Key] | None, data: bytes | None) -> None:
        with self._bell:
            left = None if self._is_over or keys is None else [key for key in keys if key.id not in self._withdrawn]
            self._data = data
            self.slot = KeySlot(left, self.slot.version + 1)

    def withdraw(self, key_ids: frozenset[str]) -> None:
        """The feed names keys that were withdrawn: what they have signed is refused, and the keys that sign now are fetched."""
        if key_ids <= self._withdrawn:
            return
        with self._bell:
            self._withdrawn |= key_ids
            self._replace(self.slot.keys, self._data)
            self._has_news = True
            self._schedule.hear_of_withdrawal(self._env.elapsed(), self._env.chance())
            self._bell.notify()

    def ask_for_key(self, key_id: str) -> None:
        """A token names a key that is not known."""
        with self._bell:
            if self._schedule.ask_for_key(key_id, self._env.elapsed()):
                self._bell.notify()

    def hear_of_tag(self, tag: str) -> None:
        """The feed names the ``ETag`` of the current set: another one than before is news."""
        with self._bell:
            is_news = self._tag is not None and self._tag != _plain_tag(tag)
            self._tag = _plain_tag(tag)
            if is_news:
                self._has_news = True
                self._schedule.hear_of_change(self._env.elapsed(), self._env.chance())
                self._bell.notify()

    @property
    def age(self) -> float | None:
        """How long ago the issuer last confirmed the keys, in seconds; None without keys."""
        return self._schedule.age(self._env.elapsed())

    def close(self) -> None:
        """Stops fetching, and trusts no key that it would not hear of any more."""
        with self._bell:
            self._is_over = True
            self._replace(None, None)
            self._bell.notify()


def _plain_tag(tag: str | None) -> str | None:
    """Proxies that compress make a tag weak."""
    return tag[2:] if tag is not None and tag.startswith("W/") else tag
