"""Asking the issuer about sessions while the feed is late: the case table, without the network, and what surrounds it."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from countersign_guard import Ask, Feed, Guard, Options, Refusal, ShortLeash
from countersign_guard.ask import asker as asker_module
from countersign_guard.ask.asker import ANSWER_WITHIN, Asker, Outcome, Question
from countersign_guard.ask.endpoint import Endpoint
from countersign_guard.feed.ended import EndedSessions
from countersign_guard.fetch import FetchError
from countersign_guard.jwk_set import parse_jwk_set
from countersign_guard.keys.keeper import KeySlot
from countersign_guard.policy import Policy
from countersign_guard.verifier import Doubt, Knowledge, Verifier
from table import ASK
from world import FakeResponse, World, json_response

ISSUER = ASK["issuer"]
URL = f"{ISSUER}/introspect"
NAMES = {token: name for name, token in ASK["tokens"].items()}
KEYS = json.dumps(ASK["keys"]).encode()


class Threadless(Asker):
    """The test takes the turns of the threads."""

    started = 0

    def _start(self) -> None:
        self.started += 1


@dataclass
class Request:
    began: float
    doubt: Doubt | None = None
    outcome: str = "waits"


class Scene:
    """A verifier that asks, with the issuer's answers in the hands of the test."""

    def __init__(self) -> None:
        self.world = World()
        self.world.epoch = ASK["now"]
        self.ended = EndedSessions()
        self.asker = Threadless(self.world.environment, lambda token: False, self.ended, ASK["leeway"])
        self.is_late = True
        #: What the issuer was asked, and when.
        self.open: dict[str, tuple[Question, float]] = {}
        self.requests: list[Request] = []
        slot = KeySlot(parse_jwk_set(KEYS, ["ES256"]), 1)
        known = Knowledge(
            slot=lambda: slot,
            ended=self.ended,
            is_late=lambda: self.is_late,
            when_late=self.asker,
            now=lambda: int(self.world.epoch + self.world.time),
            ask_for_key=lambda key_id: None,
        )
        self.verifier = Verifier(Policy(ISSUER, ["api"], "at+jwt", ASK["leeway"]), known)

    def request(self, name: str) -> None:
        request = Request(self.world.time)
        self.requests.append(request)
        try:
            checked = self.verifier.check(ASK["tokens"][name])
            request.doubt = checked if isinstance(checked, Doubt) else None
            request.outcome = "waits" if request.doubt else "accepted"
        except Refusal as refusal:
            request.outcome = refusal.reason

    def take_turns(self) -> None:
        """Those who have an answer, or have waited too long, go on; then the threads do."""
        for request in self.requests:
            if request.outcome != "waits" or request.doubt is None:
                continue
            question = request.doubt.question
            is_over = self.world.time - request.began >= ANSWER_WITHIN
            if question.outcome.done() or is_over:
                self.asker.leave(question)
                outcome = question.outcome.result() if question.outcome.done() else Outcome.UNKNOWN
                request.outcome = reason(lambda r=request, o=outcome: self.verifier.resolve(r.doubt, o))
        while len(self.open) < self.asker._threads:
            question = self.asker.next()
            if question is not None:
                self.open[NAMES.get(question.token, question.token)] = (question, self.world.time)

    def answer(self, name: str, active: bool | None) -> None:
        said = FetchError("no answer") if active is None else active
        self.asker.settle(*self.open.pop(name), said)
        self.take_turns()

    def play(self, step: dict[str, Any], where: str) -> None:
        self.world.time = step["at"] / 1000
        self.take_turns()
        if "feed" in step:
            self.is_late = step["feed"] == "late"
            for sid in step["ended"]:
                self.ended.add(sid, float("inf"))
        for name in step.get("request", ()):
            self.request(name)
            self.take_turns()
        if "answer" in step:
            self.answer(step["answer"], step["active"])
        if "expect" in step:
            assert [request.outcome for request in self.requests] == step["expect"], where
            assert list(self.open) == step["asked"], where
            if "failure" in step:
                assert (self.asker.failure is not None) == step["failure"], where
            self.requests = [request for request in self.requests if request.outcome == "waits"]


def reason(call: Any) -> str:
    try:
        call()
    except Refusal as refusal:
        return refusal.reason
    return "accepted"


@pytest.mark.parametrize("case", ASK["cases"], ids=lambda case: case["name"])
def test_ask(case: dict[str, Any]) -> None:
    assert ASK["answerWithin"] == ANSWER_WITHIN * 1000
    scene = Scene()
    for index, step in enumerate(case["steps"]):
        scene.play(step, f"step {index}")


def test_neither_questions_nor_answers_are_without_number() -> None:
    asker = Scene().asker
    questions = [asker.ask(str(number), str(number), ASK["now"] + 600) for number in range(1000)]
    assert None not in questions
    assert asker.ask("one more", "one more", ASK["now"] + 600) is None
    assert asker.ask("0", "0", ASK["now"] + 600) is questions[0], "it is open already"

    scene = Scene()

    def learn(sid: str) -> bool:
        question = scene.asker.ask(sid, sid, ASK["now"] + 600)
        assert question is not None
        assert scene.asker.next() is question
        scene.asker.settle(question, scene.world.time, True)
        assert scene.asker.next() is None, "the thread ends"
        return scene.asker.is_active(sid)

    learned = [learn(str(number)) for number in range(10_001)]
    assert (all(learned[:10_000]), learned[10_000]) == (True, False), "ten thousand are known"
    scene.world.time = 5
    assert learn("later"), "the old ones make room"


def test_after_a_fork_others_are_asked_about_by_new_threads() -> None:
    scene = Scene()
    scene.play({"at": 0, "request": list("abcdef")}, "")
    scene.asker._lock.acquire()  # by a thread of the parent
    scene.asker.renew_locks()
    question = scene.asker.ask(ASK["tokens"]["f"], "f", ASK["now"] + 600)
    assert question is not None
    assert scene.asker.next() is question
    assert scene.asker.started == 5, "the four of the parent, and one"


def test_it_is_told_once_that_the_issuer_does_not_answer_and_once_that_it_does_again() -> None:
    scene = Scene()
    for at, active in ((0, None), (1000, None), (2000, True), (7000, None)):
        scene.play({"at": at, "request": ["a"]}, "")
        scene.answer("a", active)
    first, second, third = scene.world.warnings
    assert "does not answer" in first and "no answer" in first
    assert "again" in second
    assert "does not answer" in third


@pytest.mark.parametrize("client", ASK["clients"], ids=lambda client: client["id"])
def test_a_client_says_who_it_is_and_nothing_else_prints_that(client: dict[str, str]) -> None:
    world = World()
    world.respond = lambda url, headers: json_response(b'{"active":true}')
    ask = Ask(client["id"], client["secret"], URL)
    endpoint = Endpoint(world.environment, ISSUER, ask, 3)
    assert endpoint.is_active("a.b.c") is True
    ((url, headers),) = world.requests
    assert (url, world.bodies) == (URL, [b"token=a.b.c&token_type_hint=access_token"])
    assert headers["Authorization"] == client["authorization"]
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    feed = Feed("csf_key", when_late=ask)
    guard = Guard(ISSUER, "api", feed)
    for shown in (ask, feed, endpoint, guard, guard.status()):
        for secret in (client["secret"], client["authorization"][6:], "csf_key"):
            assert secret not in repr(shown) + str(shown)


@pytest.mark.parametrize("row", ASK["responses"], ids=lambda row: row["name"])
def test_a_response(row: dict[str, Any]) -> None:
    world = World()
    headers = {name.title(): value.replace("{url}", URL) for name, value in row["headers"].items()}
    world.respond = lambda url, _: FakeResponse(row["status"], [row["body"].encode()], headers)
    endpoint = Endpoint(world.environment, ISSUER, Ask("gateway", "csc_secret", URL), 3)
    if row["active"] is None:
        with pytest.raises(FetchError) as raised:
            endpoint.is_active("a.b.c")
        assert str(raised.value).startswith(f"{URL}: ")
        assert "csc_secret" not in str(raised.value)
    else:
        assert endpoint.is_active("a.b.c") is row["active"]
    assert len(world.requests) == 1


def test_the_place_to_ask_is_in_the_metadata_on_the_host_of_the_issuer_and_looked_up_again_after_a_failure() -> None:
    world = World()
    metadata: dict[str, Any] = {"issuer": ISSUER, "introspection_endpoint": URL}
    answer = FakeResponse(200, [b'{"active":true}'])
    world.respond = lambda url, _: answer if url == URL else json_response(json.dumps(metadata).encode())
    endpoint = Endpoint(world.environment, ISSUER, Ask("gateway", "csc_secret"), 3)
    assert endpoint.is_active("a") and endpoint.is_active("b")
    assert [url == URL for url, _ in world.requests] == [False, True, True]
    answer = FakeResponse(200, [b'{"active":"yes"}'])
    with pytest.raises(FetchError, match="does not say"):
        endpoint.is_active("c")
    answer = FakeResponse(200, [b'{"active":false}'])
    for place, failure in (
        ("https://evil.example/introspect", r"introspection_endpoint is on another host; set Ask\(url=…\)"),
        ("http://auth.example.com/introspect", "plain http"),
        (None, "name no introspection_endpoint"),
    ):
        metadata["introspection_endpoint"] = place
        with pytest.raises((FetchError, ValueError), match=failure):
            endpoint.is_active("c")
    metadata["introspection_endpoint"] = URL
    assert endpoint.is_active("c") is False
    assert all(("Authorization" in headers) == (url == URL) for url, headers in world.requests)


class Issuer:
    """Keys and introspection, and no feed. While it is stuck no question has an answer."""

    def __init__(self) -> None:
        self.world = World()
        self.world.epoch = ASK["now"]
        self.world.respond = self.respond
        self.asked = threading.Event()
        self.unstuck = threading.Event()
        self.questions = 0

    def respond(self, url: str, headers: Any) -> FakeResponse:
        if url.endswith("/keys"):
            return json_response(KEYS)
        if url != URL:
            return FakeResponse(404)
        self.questions += 1
        self.asked.set()
        self.unstuck.wait()
        return json_response(b'{"active":true}')

    def guard(self) -> Guard:
        options = Options(jwks_url=f"{ISSUER}/keys", environment=self.world.environment)
        return Guard(ISSUER, "api", Feed(when_late=Ask("gateway", "csc_secret", URL)), options)


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    issuer = Issuer()
    yield issuer
    issuer.unstuck.set()  # its threads end


def test_a_thread_waits_and_what_is_demanded_is_demanded_after_the_answer(issuer: Issuer) -> None:
    issuer.unstuck.set()
    guard, token = issuer.guard(), ASK["tokens"]["a"]
    assert guard.verify(token)["sid"] == "a"
    with pytest.raises(Refusal, match="missing_role"):
        guard.authenticate(f"Bearer {ASK['tokens']['b']}", roles=["admin"])
    assert issuer.questions == 2
    guard.close()


def test_an_event_loop_goes_on_while_many_wait_for_one_answer(issuer: Issuer) -> None:
    async def run() -> None:
        guard, token = issuer.guard(), ASK["tokens"]["a"]
        calls = [guard.authenticate_async(f"Bearer {token}", roles=["user"]) for _ in range(20)]
        tasks = [asyncio.create_task(call) for call in [*calls, guard.verify_async(token)]]
        while not issuer.asked.is_set():
            await asyncio.sleep(0)  # it goes on
        tasks[0].cancel()
        with pytest.raises(asyncio.CancelledError):
            await tasks[0]
        issuer.unstuck.set()
        assert {claims["sid"] for claims in await asyncio.gather(*tasks[1:])} == {"a"}
        with pytest.raises(Refusal, match="missing_role"):
            await guard.verify_async(token, roles=["admin"])
        assert issuer.questions == 1
        guard.close()

    asyncio.run(run())


def test_nobody_waits_for_ever(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asker_module, "ANSWER_WITHIN", 0.01)
    guard, token = issuer.guard(), ASK["tokens"]["a"]
    assert reason(lambda: guard.verify(token)) == "revocations_unavailable"
    assert reason(lambda: asyncio.run(guard.verify_async(token))) == "revocations_unavailable"  # type: ignore[arg-type]
    assert guard.status().ask_failure is None, "the question is open still"
    guard.close()


def test_without_a_thread_nobody_can_be_asked(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    def start(self: Asker) -> None:
        raise RuntimeError("can't start new thread")

    guard, token = issuer.guard(), ASK["tokens"]["a"]
    issuer.unstuck.set()
    with monkeypatch.context() as patch:
        patch.setattr(Asker, "_start", start)
        assert reason(lambda: guard.verify(token)) == "revocations_unavailable"
    assert reason(lambda: guard.verify(token)) == "accepted"
    guard.close()


@pytest.mark.parametrize(
    "when_late",
    [
        Ask("gateway", ""),
        Ask("", "csc_secret"),
        Ask("gateway", None),  # type: ignore[arg-type]
        Ask("gateway", "csc_secret", "http://auth.example.com/introspect"),
        "ask",
        "rejct",
        None,
    ],
)
def test_whom_to_ask_must_be_said(when_late: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        Guard(ISSUER, "api", Feed(when_late=when_late))


def test_without_metadata_the_place_to_ask_must_be_said() -> None:
    options = Options(jwks_url=f"{ISSUER}/keys")
    with pytest.raises(ValueError, match="query"):
        Guard(f"{ISSUER}?x", "api", Feed(when_late=Ask("gateway", "csc_secret"), url=URL), options)
    Guard(f"{ISSUER}?x", "api", Feed(when_late=Ask("gateway", "csc_secret", "http://localhost:3000/x"), url=URL), options)
    Guard(ISSUER, "api", Feed(when_late=ShortLeash(0)))


def test_a_feed_key_that_fits_no_header_is_refused_without_being_printed() -> None:
    for key in ("csf_key\n", "csf_ключ", "csf key"):
        with pytest.raises(ValueError, match="feed key") as raised:
            Guard(ISSUER, "api", Feed(key))
        assert "csf" not in str(raised.value)
