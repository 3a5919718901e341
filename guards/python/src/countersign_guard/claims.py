"""The claims of a verified token, and the roles and scopes in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

#: The claims of an access token that passed every check, by their names (RFC 7519 §4.1, RFC 9068 §2.2). Times are in seconds
#: since 1970-01-01 UTC. ``iss``, ``sub``, ``aud``, ``exp`` and ``iat`` are always there, ``sub`` is never empty.
AccessClaims = Mapping[str, Any]


def has_role(claims: AccessClaims, role: str) -> bool:
    """Whether the token has this role, by ``role``, or where that is absent by ``roles``: one name or a list of names."""
    held = claims["role"] if "role" in claims else claims.get("roles")
    return role in (strings(held) or ())


def has_scope(claims: AccessClaims, scope: str) -> bool:
    """Whether the token has this scope, by ``scope`` (names separated by spaces), or where that is absent by ``scp`` (the same,
    or a list of names)."""
    held = claims["scope"] if "scope" in claims else claims.get("scp")
    names = held.split(" ") if isinstance(held, str) else strings(held) or ()
    return scope != "" and scope in names


def strings(value: Any) -> Sequence[str] | None:
    """One text, or a list of texts; None for everything else, so that nobody gains anything by another type."""
    names = value if isinstance(value, list) else [value]
    return names if all(isinstance(name, str) for name in names) else None
