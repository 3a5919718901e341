"""What a token must say to be accepted, rule by rule, in the order of RFC 7519 §4.1 and RFC 9068 §4.

A claim of the wrong type is an error and never "absent".
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Callable, TypeVar

from .claims import AccessClaims, has_role, has_scope, strings
from .refusal import Refusal

T = TypeVar("T")


@dataclass(frozen=True)
class Policy:
    """What a token must say."""

    issuer: str
    audiences: Sequence[str]
    #: ``"at+jwt"`` (RFC 9068), or ``"JWT"`` for issuers that do not follow it: ``JWT`` or no ``typ`` at all.
    type: str
    leeway: int
    scopes: Sequence[str] = ()
    roles: Sequence[str] = ()


def validate(claims: dict[str, Any], typ: str | None, policy: Policy, now: int) -> None:
    """Raises ``Refusal`` unless these signed claims satisfy the policy at this time, in Unix seconds."""
    if not _is_type(typ, policy.type):
        raise Refusal("wrong_type")
    if _required(claims, "iss", _string) != policy.issuer:
        raise Refusal("wrong_issuer")
    if not any(name in policy.audiences for name in _required(claims, "aud", strings)):
        raise Refusal("wrong_audience")
    latest = now + policy.leeway
    if is_expired(_required(claims, "exp", _time), policy, now):
        raise Refusal("expired")
    # A fraction of a second counts against the token.
    if math.ceil(_optional(claims, "nbf", _time) or 0) > latest:
        raise Refusal("not_yet_valid")
    if math.ceil(_required(claims, "iat", _time)) > latest:
        raise Refusal("issued_in_the_future")
    if _required(claims, "sub", _string) == "":
        raise Refusal("claim_type")
    if _optional(claims, "jti", _string) is None and policy.type == "at+jwt":
        raise Refusal("missing_claim")  # RFC 9068 §2.2
    _optional(claims, "auth_time", _time)
    _optional(claims, "amr", _list)
    for name in ("sid", "client_id", "scope", "acr"):
        _optional(claims, name, _string)
    confirmation = _optional(claims, "cnf", _object)
    thumbprint = None if confirmation is None else _optional(confirmation, "jkt", _thumbprint)
    demand(claims, policy.scopes, policy.roles)
    if thumbprint is not None:
        # Bound to a key, it is good only with a proof (RFC 9449 §7.2), and this guard checks none.
        raise Refusal("token_bound")


def is_expired(exp: float, policy: Policy, now: int) -> bool:
    """RFC 7519 §4.1.4: "on or after" ``exp`` the token must not be accepted."""
    return now >= math.floor(exp) + policy.leeway


def demand(claims: AccessClaims, scopes: Sequence[str], roles: Sequence[str]) -> None:
    """Raises ``Refusal`` unless the token has every scope and every role."""
    if not all(has_scope(claims, scope) for scope in scopes):
        raise Refusal("missing_scope")
    if not all(has_role(claims, role) for role in roles):
        raise Refusal("missing_role")


def _is_type(typ: str | None, expected: str) -> bool:
    """Compared without case and without a leading ``application/`` (RFC 7515 §4.1.9)."""
    if typ is None:
        return expected == "JWT"
    return re.sub(r"\Aapplication/(?=[^/]*\Z)", "", typ.lower()) == expected.lower()


def _required(claims: dict[str, Any], name: str, read: Callable[[Any], T | None]) -> T:
    value = _optional(claims, name, read)
    if value is None:
        raise Refusal("missing_claim")
    return value


def _optional(claims: dict[str, Any], name: str, read: Callable[[Any], T | None]) -> T | None:
    """``read`` gives None for the wrong type."""
    if name not in claims:
        return None
    value = read(claims[name])
    if value is None:
        raise Refusal("claim_type")
    return value


def _object(value: Any) -> dict[str, Any] | None:
    return value if isinstance(value, dict) else None


def _thumbprint(value: Any) -> str | None:
    """32 bytes in canonical base64url."""
    is_one = isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]", value)
    return value if is_one else None


def _string(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _list(value: Any) -> Sequence[str] | None:
    return strings(value) if isinstance(value, list) else None


#: 9999-12-31T23:59:59Z. Later times are mistakes, most often milliseconds.
_MAX_TIME = 253_402_300_799


def _time(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if not 0 <= value <= _MAX_TIME:
        raise Refusal("time_out_of_range")
    return value
