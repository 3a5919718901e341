"""The case table that all guards pass (``guards/cases``)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

CASES = Path(__file__).parents[2] / "cases"
TOKENS: dict[str, Any] = json.loads((CASES / "tokens.json").read_text(encoding="utf-8"))
ASK: dict[str, Any] = json.loads((CASES / "ask.json").read_text(encoding="utf-8"))
FEED: dict[str, Any] = json.loads((CASES / "feed.json").read_text(encoding="utf-8"))


def token(name: str) -> str:
    return next(str(case["token"]) for case in TOKENS["cases"] if case["name"] == name)


def jwk_set(name: str) -> bytes:
    return json.dumps(TOKENS["keys"][name]).encode()
