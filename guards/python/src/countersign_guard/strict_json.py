"""Strict JSON (RFC 8259): one object, no member name twice at any level, at most 32 deep, no half surrogate pairs.

Duplicate names are how two readers of one token see two different tokens (RFC 8725 §3.7).
"""

from __future__ import annotations

import json
import math
from typing import Any

_MAX_DEPTH = 32


def parse_object(data: bytes) -> dict[str, Any] | None:
    """Reads the one object in these bytes; None if there is none."""
    try:
        text = data.decode("utf-8")
        value = json.loads(text, object_pairs_hook=_distinct, parse_constant=_refuse, parse_float=_float, parse_int=_int)
        return value if isinstance(value, dict) and _is_sound(value, 1) else None
    except (ValueError, RecursionError):
        return None


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member name occurs twice")
    return found


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError("a number is out of range")
    return number


def _int(text: str) -> int:
    _float(text)
    return int(text)


def _is_sound(value: Any, depth: int) -> bool:
    """Whether it nests no deeper than allowed, and every text has a UTF-8 form."""
    if isinstance(value, str):
        return not any("\ud800" <= char <= "\udfff" for char in value)
    if isinstance(value, dict):
        return depth <= _MAX_DEPTH and all(_is_sound(name, depth) and _is_sound(item, depth + 1) for name, item in value.items())
    if isinstance(value, list):
        return depth <= _MAX_DEPTH and all(_is_sound(item, depth + 1) for item in value)
    return True
