"""When the issuer's keys are fetched, and how long they may be used. Pure: time and chance are arguments, in seconds since the
program's start and in 0..1.

::

    success         ── fresh for 1 to 15 min, ± 10 % ──────────────► fetch
    failure         ── 1 s, 2 s, 4 s … 60 s, half to whole ───────► fetch
    unknown key ID  ── 12 s after the start of the last fetch ────► fetch
    the feed says   ── at once, or up to 2 s later ───────────────► fetch
    last success    ── a day ─────────────────────────────────────► forget the keys

Anyone can send a token with an invented key ID. So a key ID causes at most one fetch a minute, and all of them together one in
12 seconds, five a minute. Such a wish is delayed and never dropped: a flood of invented key IDs cannot hide a real new key, which
the next fetch finds all the same. While fetches fail, key IDs cause none: the retries are under way.
"""

from __future__ import annotations

from enum import Enum

_SHORTEST = 60.0
_USUAL = 5 * 60.0
_LONGEST = 15 * 60.0
_FIRST_RETRY = 1.0
_SLOWEST_RETRY = 60.0
_BETWEEN_WISHES = 12.0
_PER_KEY_ID = 60.0
_NEWS = 2.0
_WITHDRAWN = 0.4


class Step(Enum):
    """What is due now."""

    FETCH = "fetch"
    #: The keys are too old to be used.
    FORGET = "forget"


class Schedule:
    """Not safe to use from many threads: its owner has a lock."""

    def __init__(self, now: float, stale_for: float) -> None:
        """Due at once. Keys may be used for ``stale_for`` after they were last fetched or confirmed, two minutes at least."""
        self._stale_for = max(stale_for, 2 * _SHORTEST)
        #: When the next fetch is due by itself.
        self._due = now
        self._last_start: float | None = None
        #: There are keys, and they may be used until then.
        self._usable_until: float | None = None
        self._failures = 0
        #: The key IDs that caused a wish in the last minute, and when. They are few: between two there is a fetch.
        self._asked: dict[str, float] = {}
        #: A token had a key ID that is not in the set.
        self._has_wish = False

    def step(self, now: float) -> Step | float:
        """What is due; or nothing until the time that is returned."""
        if self._usable_until is not None and self._usable_until <= now:
            self._usable_until = None
            return Step.FORGET
        if now < self._next_fetch():
            return self.next_step()
        # A wish that comes while the answer is on its way may be newer than the answer: it counts for the next one.
        self._has_wish = False
        self._last_start = now
        return Step.FETCH

    def next_step(self) -> float:
        """When something is due, as things are."""
        due = self._next_fetch()
        return due if self._usable_until is None else min(due, self._usable_until)

    def _next_fetch(self) -> float:
        if self._has_wish and self._failures == 0 and self._last_start is not None:
            return min(self._due, self._last_start + _BETWEEN_WISHES)
        return self._due

    def ask_for_key(self, key_id: str, now: float) -> bool:
        """Whether the next fetch is earlier for it."""
        if self._has_wish or self._usable_until is None:
            return False  # a fetch is to come anyhow
        self._asked = {asked: at for asked, at in self._asked.items() if now - at < _PER_KEY_ID}
        if key_id in self._asked:
            return False
        self._asked[key_id] = now
        self._has_wish = True
        return True

    def hear_of_change(self, now: float, chance: float) -> None:
        """The feed says that the keys have changed."""
        if self._failures == 0:
            self._due = min(self._due, now + _NEWS * chance)

    def hear_of_withdrawal(self, now: float, chance: float) -> None:
        """The feed says that a key is withdrawn.

        Nobody's tokens pass until the key that signs in its place is here: it is fetched sooner, but not before every node of
        the issuer has it.
        """
        if self._failures == 0:
            self._due = min(self._due, now + _WITHDRAWN * (1 + chance))

    def succeeded(self, now: float, fresh_for: float | None, chance: float) -> None:
        """The issuer has answered with keys, or said that they are the same."""
        bounded = min(max(_USUAL if fresh_for is None else fresh_for, _SHORTEST), _LONGEST, self._stale_for / 2)
        self._failures = 0
        self._due = now + bounded * (0.9 + 0.2 * chance)
        self._usable_until = now + self._stale_for

    def failed(self, now: float, chance: float) -> None:
        """There was no answer that can be used."""
        pause = min(_FIRST_RETRY * 2 ** min(self._failures, 6), _SLOWEST_RETRY)
        self._failures += 1
        self._due = now + pause * (0.5 + 0.5 * chance)

    def age(self, now: float) -> float | None:
        """How long ago the keys were last fetched or confirmed; None without keys."""
        return None if self._usable_until is None else now + self._stale_for - self._usable_until
