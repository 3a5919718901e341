"""A JWK Set → the public keys that tokens may be signed with (RFC 7517 §5), and the choice of the one that a token names.

Keys that cannot be used are left out: HMAC secrets, published private keys, weak ones, those for something else.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jwt

from .compact import MAX_KEY_ID_BYTES, UnverifiedJws, decode_base64url
from .refusal import Refusal
from .strict_json import parse_object

#: THE table: what a key of the algorithm looks like (RFC 7518 §3.1, RFC 8037): ``kty`` and ``crv``.
KINDS: dict[str, tuple[str, str | None]] = {
    "RS256": ("RSA", None),
    "RS384": ("RSA", None),
    "RS512": ("RSA", None),
    "PS256": ("RSA", None),
    "PS384": ("RSA", None),
    "PS512": ("RSA", None),
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "ES512": ("EC", "P-521"),
    "EdDSA": ("OKP", "Ed25519"),
}

_PRIVATE_MEMBERS = {"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"}
#: What the thumbprint of a key covers (RFC 7638 §3.2, RFC 8037 §2).
_THUMBPRINT = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x")}


@dataclass(frozen=True)
class Key:
    """A public key. It knows one algorithm (RFC 8725 §3.1)."""

    id: str
    algorithm: str
    jwk: jwt.PyJWK

    def verifies(self, token: UnverifiedJws) -> bool:
        """Whether the signature of the token is one of this key."""
        return bool(self.jwk.Algorithm.verify(token.signing_input, self.jwk.key, token.signature))


def parse_jwk_set(data: bytes, allowed: Sequence[str]) -> Sequence[Key]:
    """Reads a set. Raises ``ValueError`` if it is none; the list may come out empty."""
    elements = (parse_object(data) or {}).get("keys")
    if not isinstance(elements, list):
        raise ValueError("the response is not a JWK Set")
    keys: dict[str, Key] = {}
    for element in elements:
        key = _parse_key(element, allowed) if isinstance(element, dict) else None
        if key is not None:
            keys.setdefault(key.id, key)
    return list(keys.values())


def _parse_key(jwk: dict[str, Any], allowed: Sequence[str]) -> Key | None:
    algorithm = _algorithm_of(jwk, allowed)
    if algorithm is None or not _is_for_verifying(jwk) or not _is_strong(jwk):
        return None
    try:
        key_id = jwk["kid"] if "kid" in jwk else _thumbprint(jwk)
        if not isinstance(key_id, str) or not 0 < len(key_id.encode()) <= MAX_KEY_ID_BYTES:
            return None
        return Key(key_id, algorithm, jwt.PyJWK(jwk, algorithm))
    except (jwt.PyJWTError, KeyError, TypeError, ValueError):
        return None  # the numbers are no key


def _algorithm_of(jwk: dict[str, Any], allowed: Sequence[str]) -> str | None:
    """Its ``alg``, or the only allowed one that fits it."""
    kind = jwk.get("kty")
    fits = [name for name in allowed if KINDS[name] == (kind, None if kind == "RSA" else jwk.get("crv"))]
    if "alg" not in jwk:
        return fits[0] if len(fits) == 1 else None
    return next((name for name in fits if name == _plain_name(jwk["alg"])), None)


def _is_for_verifying(jwk: dict[str, Any]) -> bool:
    """RFC 7517 §4.2, §4.3."""
    operations = jwk.get("key_ops", ["verify"])
    may_verify = isinstance(operations, list) and "verify" in operations
    return may_verify and jwk.get("use", "sig") == "sig" and not _PRIVATE_MEMBERS & jwk.keys()


def _is_strong(jwk: dict[str, Any]) -> bool:
    if jwk["kty"] != "RSA":
        return True
    modulus = decode_base64url(jwk["n"]) if isinstance(jwk.get("n"), str) else None
    return modulus is not None and 2048 <= int.from_bytes(modulus, "big").bit_length() <= 8192


def _thumbprint(jwk: dict[str, Any]) -> str:
    members = {name: jwk[name] for name in _THUMBPRINT[jwk["kty"]]}
    digest = hashlib.sha256(json.dumps(members, separators=(",", ":"), sort_keys=True).encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _plain_name(algorithm: Any) -> Any:
    """``Ed25519`` (RFC 9864 §2.2) is a second name of ``EdDSA``."""
    return "EdDSA" if algorithm == "Ed25519" else algorithm


def select_key(keys: Sequence[Key], token: UnverifiedJws) -> Key:
    """The key that the token names, or without ``kid`` the only one for its ``alg``. Raises ``Refusal`` if there is none."""
    algorithm = _plain_name(token.algorithm)
    if token.key_id is None:
        candidates = [key for key in keys if key.algorithm == algorithm]
        if len(candidates) != 1:
            raise Refusal("key_id_missing")
        return candidates[0]
    found = next((key for key in keys if key.id == token.key_id), None)
    if found is None:
        raise Refusal("unknown_key_id")
    if found.algorithm != algorithm:
        raise Refusal("algorithm_mismatch")
    return found
