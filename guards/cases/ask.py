"""The cases about asking the issuer while the feed is late: who is asked about when, and what comes of it."""

import base64
from collections.abc import Sequence

from tokens import ES, ES_STRANGER, ISSUER, NOW, claims, header, signed, token

#: Tokens by their names: the letter is the session.
TOKENS = {
    "a": signed(sid="a", exp=NOW + 600),
    "a, another one": signed(sid="a", exp=NOW + 900),
    "a, about to expire": signed(sid="a", exp=NOW + 30),
    "a, expires within two seconds": signed(sid="a", exp=NOW - 28),
    "a, forged": token(ES_STRANGER, header(ES), claims(sid="a")),
    **{sid: signed(sid=sid, exp=NOW + 600) for sid in "bcdef"},
    "no session": signed(sid=None, exp=NOW + 600),
}
UNKNOWN = "revocations_unavailable"

_cases: list[dict] = []


def case(name: str, *steps: dict) -> None:
    _cases.append({"name": name, "steps": list(steps)})


def request(at: int, *names: str) -> dict:
    """Requests come, one with each of these tokens. `at` is the time in milliseconds, here and below."""
    return {"at": at, "request": list(names)}


def answer(at: int, name: str, active: bool | None) -> dict:
    """The issuer answers the question about this token; None: there is no answer."""
    return {"at": at, "answer": name, "active": active}


def feed(at: int, state: str, *ended: str) -> dict:
    """The feed is fresh or late from now on, and has said that these sessions have ended."""
    return {"at": at, "feed": state, "ended": list(ended)}


def expect(at: int, *outcomes: str, asked: Sequence[str] = (), failure: bool | None = None) -> dict:
    """What has become of each request so far that this was not said of before; those that wait still come first the next time.
    `asked`: the questions that the issuer has not answered, in their order."""
    step = {"at": at, "expect": list(outcomes), "asked": list(asked)}
    return step if failure is None else {**step, "failure": failure}


def answers() -> None:
    case("a fresh feed is enough", feed(0, "fresh"), request(0, "a"), expect(0, "accepted"))
    case("active", request(0, "a"), expect(0, "waits", asked=["a"]), answer(100, "a", True), expect(100, "accepted", failure=False))
    case("inactive", request(0, "a"), answer(100, "a", False), expect(100, "revoked", failure=False))
    case("no answer", request(0, "a"), answer(100, "a", None), expect(100, UNKNOWN, failure=True))
    case(
        "an active session is not asked about again for five seconds, from the question on",
        request(0, "a"), answer(1000, "a", True), request(4999, "a", "a, another one"), expect(4999, "accepted", "accepted", "accepted"),
        request(5000, "a"), expect(5000, "waits", asked=["a"]), answer(5100, "a", True), request(9999, "a"), expect(9999, "accepted", "accepted"),
    )  # fmt: skip
    case(
        "an inactive session has ended, for other tokens and a fresh feed too",
        request(0, "a"), answer(100, "a", False), request(200, "a", "a, another one", "b"), expect(200, "revoked", "revoked", "revoked", "waits", asked=["b"]),
        feed(300, "fresh"), request(300, "a, another one"), answer(300, "b", True), expect(300, "accepted", "revoked"),
    )  # fmt: skip
    case(
        "an inactive session has ended until its token is refused by itself",
        request(0, "a"), answer(100, "a", False), request(629_999, "a", "a, another one"), expect(629_999, "revoked", "revoked", "revoked"),
        request(630_000, "a", "a, another one"), expect(630_000, "expired", "waits", asked=["a, another one"]),
    )  # fmt: skip
    case(
        "an answer that came counts, and clears the failure",
        request(0, "a"), answer(0, "a", None), request(1000, "a"), expect(1000, UNKNOWN, "waits", asked=["a"], failure=True),
        answer(1100, "a", False), expect(1100, "revoked", failure=False),
    )  # fmt: skip


def questions() -> None:
    case("a token without a session is not asked about", request(0, "no session"), expect(0, "accepted"))
    case("a session that is known to have ended is not asked about", feed(0, "late", "a"), request(0, "a"), expect(0, "revoked"))
    case("a bad token is not asked about", request(0, "a, forged"), expect(0, "bad_signature"))
    case(
        "one question for all requests with one token",
        request(0, "a", "a"), request(50, "a"), expect(50, "waits", "waits", "waits", asked=["a"]),
        answer(100, "a", True), expect(100, "accepted", "accepted", "accepted"),
    )  # fmt: skip
    case(
        "two tokens of one session are two questions, since each could be about to expire",
        request(0, "a", "a, another one"), expect(0, "waits", "waits", asked=["a", "a, another one"]),
        answer(100, "a, another one", True), expect(100, "waits", "accepted", asked=["a"]),
        answer(200, "a", True), expect(200, "accepted"),
    )  # fmt: skip
    case(
        "four questions at a time",
        request(0, *"abcdef"), expect(0, *["waits"] * 6, asked=["a", "b", "c", "d"]),
        answer(10, "c", True), expect(10, "waits", "waits", "accepted", "waits", "waits", "waits", asked=["a", "b", "d", "e"]),
        answer(20, "a", False), expect(20, "revoked", *["waits"] * 4, asked=["b", "d", "e", "f"]),
    )  # fmt: skip


def failures() -> None:
    case(
        "after a failure the issuer is left alone for a second",
        request(0, "a"), answer(100, "a", None), request(1099, "a", "b"), expect(1099, UNKNOWN, UNKNOWN, UNKNOWN),
        request(1100, "b"), expect(1100, "waits", asked=["b"]),
    )  # fmt: skip
    case(
        "a failure ends the wait of those who are not being asked about yet",
        request(0, *"abcdef"), answer(100, "a", None), expect(100, UNKNOWN, "waits", "waits", "waits", UNKNOWN, UNKNOWN, asked=["b", "c", "d"]),
        answer(200, "b", True), request(200, "b", "c", "e"), expect(200, "accepted", "waits", "waits", "accepted", "waits", UNKNOWN, asked=["c", "d"]),
    )  # fmt: skip
    case(
        "nobody waits longer than three seconds, and an answer that comes later counts for others",
        request(0, "a"), expect(2999, "waits", asked=["a"]), expect(3000, UNKNOWN, asked=["a"]),
        request(3100, "a"), expect(3100, "waits", asked=["a"]), answer(3200, "a", True), request(3300, "a"), expect(3300, "accepted", "accepted"),
    )  # fmt: skip
    case(
        "a question that nobody waits for any longer is not asked",
        request(0, *"abcde"), request(1000, "f"), expect(3000, *[UNKNOWN] * 5, "waits", asked=["a", "b", "c", "d"]),
        answer(3100, "a", True), expect(3100, "waits", asked=["b", "c", "d", "f"]),
    )  # fmt: skip


def meanwhile() -> None:
    case("the feed is back, and there is no answer", request(0, "a"), feed(50, "fresh"), answer(100, "a", None), expect(100, "accepted"))
    case("the feed is back after three seconds", request(0, "a"), feed(50, "fresh"), expect(3000, "accepted", asked=["a"]))
    case("the feed names the session, and the answer is older", request(0, "a"), feed(50, "late", "a"), answer(100, "a", True), expect(100, "revoked"))
    case("the token expires before the answer", request(0, "a, expires within two seconds"), answer(2000, "a, expires within two seconds", True), expect(2000, "expired"))
    case(
        # The issuer gives no token a leeway, and its clock may be ahead.
        "a token that is about to expire and not active says nothing about its session",
        request(0, "a, about to expire"), answer(0, "a, about to expire", False), request(0, "a"), expect(0, "expired", "waits", asked=["a"]),
    )  # fmt: skip


def client(client_id: str, client_secret: str, encoded: str) -> dict:
    """RFC 6749 §2.3.1: both are form-encoded before HTTP Basic joins them."""
    return {"id": client_id, "secret": client_secret, "authorization": f"Basic {base64.b64encode(encoded.encode()).decode()}"}


CLIENTS = [
    client("gateway", "csc_Ab3", "gateway:csc_Ab3"),
    client("gate/way:1", "s p+e%c~i*a-l._", "gate%2Fway%3A1:s+p%2Be%25c%7Ei*a-l._"),
    client("tür", "ключ", "t%C3%BCr:%D0%BA%D0%BB%D1%8E%D1%87"),
]

_responses: list[dict] = []


def response(name: str, body: str, active: bool | None, status: int = 200, **headers: str) -> None:
    _responses.append({"name": name, "status": status, "headers": {"content-type": "application/json", **headers}, "body": body, "active": active})


def responses() -> None:
    response("active", '{"active":true,"sub":"ada","exp":1}', True)
    response("inactive", '{"active":false}', False)
    response("with a parameter of the type", '{"active":true}', True, **{"content-type": "application/json;charset=UTF-8"})
    response("another member", '{"active":true,"x":{"active":false}}', True)
    for value in ('"true"', "1", "0", "null", '""', "[]", "[true]", '{"a":true}'):
        response(f"active is {value}", f'{{"active":{value}}}', None)
    response("no active", "{}", None)
    response("Active", '{"Active":true}', None)
    response("active twice", '{"active":false,"active":true}', None)
    for body in ("", "true", "[true]", '[{"active":true}]', '{"active":true', '{"active":true}x', "{'active':true}", "<html>"):
        response(f"the body {body!r}", body, None)
    response("too long", '{"active":true,"x":"' + "x" * 65_536 + '"}', None)
    for status in (201, 204, 400, 401, 403, 404, 429, 500, 503):
        response(f"status {status}", "" if status == 204 else '{"active":true}', None, status)
    for status in (301, 302, 303, 307, 308):
        response(f"a redirect ({status})", '{"active":true}', None, status, location="{url}?again")


def table() -> dict:
    for section in (answers, questions, failures, meanwhile, responses):
        section()
    for rows in (_cases, _responses):
        names = [row["name"] for row in rows]
        assert len(names) == len(set(names))
    return {
        "issuer": ISSUER, "now": NOW, "keys": {"keys": [ES.jwk()]}, "leeway": 30, "answerWithin": 3000, "tokens": TOKENS,
        "cases": _cases, "clients": CLIENTS, "responses": _responses,
    }  # fmt: skip
