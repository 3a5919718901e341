"""Header → cache → signature and claims → revocation → demands, in this order.

No database, and no network but for the question about a session while the feed is late, where that is wanted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Callable, Literal, Union

from .ask.asker import Asker, Outcome, Question
from .ask.endpoint import Ask
from .cache import TokenCache
from .claims import AccessClaims
from .compact import UnverifiedJws, decode_base64url, parse_compact
from .feed.ended import EndedSessions
from .jwk_set import Key, select_key
from .keys.keeper import KeySlot
from .policy import Policy, demand, is_expired, validate
from .refusal import Refusal
from .strict_json import parse_object


@dataclass(frozen=True)
class ShortLeash:
    """While the feed is late: only tokens that were issued within so many seconds pass. The others get 401, and their clients
    a new one if the session lives."""

    seconds: int


#: What to do while the guard may miss sessions that have ended. ``"accept"``: as without a feed, so a token works until it
#: expires. ``"reject"``: 503 with ``Retry-After``. Tokens without a session (``sid``) always pass, since no feed could name it.
WhenLate = Union[Literal["accept", "reject"], ShortLeash, Ask]


@dataclass(frozen=True)
class Knowledge:
    """What the verifier reads, all of it kept up to date by others."""

    slot: Callable[[], KeySlot]
    ended: EndedSessions
    is_late: Callable[[], bool]
    #: The asker: ask.
    when_late: Literal["accept", "reject"] | ShortLeash | Asker
    #: In Unix seconds.
    now: Callable[[], int]
    #: A token names a key that is not known.
    ask_for_key: Callable[[str], None]


@dataclass(frozen=True)
class Doubt:
    """A good token whose session may have ended: the issuer is being asked."""

    token: str
    asker: Asker
    question: Question


class Verifier:
    """Checks tokens. Safe to use from many threads."""

    def __init__(self, policy: Policy, known: Knowledge) -> None:
        self._policy = policy
        self._known = known
        self._cache = TokenCache()

    def renew_locks(self) -> None:
        """After a fork: a lock that a thread of the parent held stays locked in the child."""
        self._cache = TokenCache()

    def verify(self, token: str, scopes: Sequence[str], roles: Sequence[str]) -> AccessClaims:
        checked = self.check(token)
        if isinstance(checked, Doubt):
            checked = self.resolve(checked, checked.asker.wait(checked.question))
        demand(checked, scopes, roles)
        return checked

    async def verify_async(self, token: str, scopes: Sequence[str], roles: Sequence[str]) -> AccessClaims:
        checked = self.check(token)
        if isinstance(checked, Doubt):
            checked = self.resolve(checked, await checked.asker.wait_async(checked.question))
        demand(checked, scopes, roles)
        return checked

    def check(self, token: str) -> AccessClaims | Doubt:
        """Never waits."""
        claims = self._claims(token)
        asker = self._check_session(claims)
        if asker is None:
            return claims
        question = asker.ask(token, claims["sid"], claims["exp"])
        if question is None:
            raise Refusal("revocations_unavailable")
        return Doubt(token, asker, question)

    def resolve(self, doubt: Doubt, outcome: Outcome) -> AccessClaims:
        """The claims of a token that was asked about."""
        if outcome is Outcome.EXPIRED:
            raise Refusal("expired")
        # The session is among the ended ones, if it is inactive. Meanwhile the token may have expired, or the feed be back.
        claims = self._claims(doubt.token)
        is_in_doubt = self._check_session(claims) is not None
        if is_in_doubt and outcome is not Outcome.ACTIVE:
            raise Refusal("revocations_unavailable")
        return claims

    def _claims(self, token: str) -> AccessClaims:
        claims = self._cached(token)
        return self._verify_anew(token) if claims is None else claims

    def _cached(self, token: str) -> AccessClaims | None:
        claims = self._cache.get(token, self._known.slot().version)
        if claims is None or not is_expired(claims["exp"], self._policy, self._known.now()):
            return claims
        self._cache.remove(token)
        return None

    def _verify_anew(self, token: str) -> AccessClaims:
        slot = self._known.slot()
        if slot.keys is None:
            raise Refusal("keys_unavailable")
        unverified = parse_compact(token)
        key = self._select(slot.keys, unverified)
        if not key.verifies(unverified):
            raise Refusal("bad_signature")
        payload = decode_base64url(unverified.encoded_payload)
        if payload is None:
            raise Refusal("payload_encoding")
        claims = parse_object(payload)
        if claims is None:
            raise Refusal("payload_json")
        validate(claims, unverified.type, self._policy, self._known.now())
        checked = MappingProxyType(claims)
        self._cache.put(token, checked, slot.version)
        return checked

    def _select(self, keys: Sequence[Key], token: UnverifiedJws) -> Key:
        try:
            return select_key(keys, token)
        except Refusal as refusal:
            if refusal.reason == "unknown_key_id" and token.key_id is not None:
                self._known.ask_for_key(token.key_id)
            raise

    def _check_session(self, claims: AccessClaims) -> Asker | None:
        """Called for cached tokens too: what is known to have ended is refused, and what may have ended by the policy. Returns
        whom to ask first, if that is so."""
        known, when_late = self._known, self._known.when_late
        sid = claims.get("sid")
        if known.ended.refuses(sid, claims["iat"], known.now() - self._policy.leeway):
            raise Refusal("revoked")
        if sid is None:
            return None  # no feed could name it
        if when_late == "accept" or not known.is_late():
            return None
        if isinstance(when_late, Asker):
            return None if when_late.is_active(sid) else when_late
        if not isinstance(when_late, ShortLeash):
            raise Refusal("revocations_unavailable")
        if claims["iat"] < known.now() - when_late.seconds:
            raise Refusal("too_old")
        return None
