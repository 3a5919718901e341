"""The case table, against the guard without its network."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode
from typing import Any

import pytest

from countersign_guard import Refusal, ShortLeash
from countersign_guard.bearer import bearer_token
from countersign_guard.feed.ended import EndedSessions
from countersign_guard.feed.state import FRESH_FOR, FeedState
from countersign_guard.jwk_set import parse_jwk_set
from countersign_guard.keys.keeper import KeySlot
from countersign_guard.policy import Policy
from countersign_guard.verifier import Knowledge, Verifier
from table import FEED, TOKENS, jwk_set

WHEN_LATE: dict[str, Any] = {"accept": "accept", "reject": "reject", "short leash": ShortLeash(120)}


def verifier_for(case: dict[str, Any]) -> Verifier:
    row = TOKENS["policies"][case.get("policy", "default")]
    policy = Policy(row["issuer"], row["audience"], row["type"], row["leeway"], row["scopes"], row["roles"])
    name = case.get("keys", "main")
    keys = None if name is None else parse_jwk_set(jwk_set(name), row["algorithms"])
    ended = EndedSessions()
    for sid in case.get("ended", ()):
        ended.add(sid, float("inf"))
    known = Knowledge(
        slot=lambda: KeySlot(keys, 1),
        ended=ended,
        is_late=lambda: case.get("feed") == "late",
        when_late=WHEN_LATE[case.get("whenLate", "accept")],
        now=lambda: int(TOKENS["now"]),
        ask_for_key=lambda key_id: None,
    )
    return Verifier(policy, known)


@pytest.mark.parametrize("case", TOKENS["cases"], ids=lambda case: case["name"])
def test_token(case: dict[str, Any]) -> None:
    verifier = verifier_for(case)
    authorization = [value.replace("{token}", case["token"]) for value in case.get("authorization", ["Bearer {token}"])]
    demand = case.get("demand", {})
    for _ in range(2):  # the second time from the cache, if it was accepted
        try:
            claims = verifier.verify(bearer_token(authorization), demand.get("scopes", ()), demand.get("roles", ()))
        except Refusal as refusal:
            check_refusal(refusal, case)
        else:
            assert case.get("accept"), claims
            assert dict(claims) == json.loads(urlsafe_b64decode(case["token"].split(".")[1] + "=="))


def check_refusal(refusal: Refusal, case: dict[str, Any]) -> None:
    challenge = refusal.headers.get("WWW-Authenticate")
    error = re.search(r'error="(\w+)"', challenge or "")
    seen = {"reason": refusal.reason, "status": refusal.status, "code": refusal.code, "error": error[1] if error else None}
    assert seen == case.get("refuse")
    assert (challenge is None) == (refusal.status == 503) == ("Retry-After" in refusal.headers)
    assert json.loads(refusal.json())["code"] == refusal.code


@pytest.mark.parametrize("case", FEED["cases"], ids=lambda case: case["name"])
def test_feed(case: dict[str, Any]) -> None:
    assert FEED["freshFor"] == FRESH_FOR * 1000
    ended = EndedSessions()
    state = FeedState(FEED["issuer"], ended)
    for index, step in enumerate(case["steps"]):
        play(step, state, ended, f"step {index}")


def play(step: dict[str, Any], state: FeedState, ended: EndedSessions, where: str) -> None:
    at = step["at"] / 1000
    if "connect" in step:
        assert state.connect(at) == step["cursor"], where
    if "receive" in step:
        data = step["receive"].encode() * step.get("times", 1)
        for part in [data[i : i + 1] for i in range(len(data))] if "bytewise" in step else [data]:
            state.receive(part, at)
    if "withdrawn" in step:
        assert state.withdrawn == set(step["withdrawn"]), where
    if "expect" in step:
        now = FEED["serverNow"] / 1000 + at
        assert state.is_late(at) == (step["expect"] == "late"), f"{where}: {state.lag(at)}"
        assert [sid for sid in step["ended"] if not ended.has(sid, now)] == [], where
        assert [sid for sid in step["alive"] if ended.has(sid, now)] == [], where
        assert [iat for iat in step.get("refused", ()) if not ended.refuses(None, iat, now)] == [], where
        assert [iat for iat in step.get("accepted", ()) if ended.refuses(None, iat, now)] == [], where
        if "open" in step:
            assert state.is_open == step["open"], f"{where}: {state.failure}"
