"""Token text → header, payload and signature, none of them verified (RFC 7515 §7.1, §5.2). It knows no key and no claim."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Any

from .refusal import Refusal
from .strict_json import parse_object

_MAX_TOKEN_BYTES = 8 * 1024
_MAX_HEADER_BYTES = 4 * 1024
#: A key ID is a map key and travels into logs: longer ones serve nobody but an attacker.
MAX_KEY_ID_BYTES = 128

#: Which names ``alg`` may have. Most of them no key of a guard has; they are told from names that nobody knows.
_ALGORITHMS = re.compile(r"(?:HS|RS|PS|ES)(?:256|384|512)|EdDSA|Ed25519|ML-DSA-(?:44|65|87)")


@dataclass(frozen=True)
class UnverifiedJws:
    """A signed token whose signature has not been checked."""

    algorithm: str
    key_id: str | None
    type: str | None
    signing_input: bytes
    #: Not to be decoded before the signature has been verified.
    encoded_payload: str
    signature: bytes


def parse_compact(token: str) -> UnverifiedJws:
    """Parses a token. Raises ``Refusal`` if it is not a signed one."""
    if len(token.encode()) > _MAX_TOKEN_BYTES:
        raise Refusal("token_too_long")
    parts = token.split(".", 3)
    if len(parts) != 3:
        raise Refusal("part_count")
    encoded_header, encoded_payload, encoded_signature = parts
    if len(encoded_header) > _MAX_HEADER_BYTES:
        raise Refusal("header_too_long")
    data = decode_base64url(encoded_header)
    if data is None:
        raise Refusal("header_encoding")
    algorithm, key_id, typ = _parse_header(data)
    signature = decode_base64url(encoded_signature)
    if signature is None:
        raise Refusal("signature_encoding")
    signing_input = f"{encoded_header}.{encoded_payload}".encode()
    return UnverifiedJws(algorithm, key_id, typ, signing_input, encoded_payload, signature)


def _parse_header(data: bytes) -> tuple[str, str | None, str | None]:
    header = parse_object(data)
    if header is None:
        raise Refusal("header_json")
    # No critical extension is supported (RFC 7515 §4.1.11), nor an unencoded payload (RFC 7797).
    if "crit" in header:
        raise Refusal("critical_header")
    if "b64" in header:
        raise Refusal("unencoded_payload")
    algorithm = _text(header, "alg")
    if algorithm is None:
        raise Refusal("missing_algorithm")
    if not _ALGORITHMS.fullmatch(algorithm):
        raise Refusal("algorithm_none" if algorithm.lower() == "none" else "unsupported_algorithm")
    typ, key_id, _ = _text(header, "typ"), _text(header, "kid"), _text(header, "cty")
    if key_id is not None and len(key_id.encode()) > MAX_KEY_ID_BYTES:
        raise Refusal("key_id_too_long")
    return algorithm, key_id, typ


def _text(header: dict[str, Any], name: str) -> str | None:
    value = header.get(name, "")
    if not isinstance(value, str):
        raise Refusal("header_parameter_type")
    return value if name in header else None


def decode_base64url(text: str) -> bytes | None:
    """Strict base64url (RFC 7515 §2): unpadded, canonical, no other character; None for others.

    A lax decoder gives every token many spellings, and each slips past whatever was keyed on the first one.
    """
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return None
    return data if base64.urlsafe_b64encode(data).rstrip(b"=").decode() == text else None
