"""How the feed is followed, in a world where time moves when the test says so."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import Future

import pytest

from countersign_guard.feed.ended import EndedSessions
from countersign_guard.feed.follower import Follower
from countersign_guard.feed.state import FeedState
from countersign_guard.fetch import FetchError
from countersign_guard.watch import Watchers
from world import FakeResponse, World

ISSUER = "https://auth.example.com"
URL = f"{ISSUER}/api/revocations"
STREAM = {"Content-Type": "text/event-stream; charset=utf-8"}


def event(name: str, data: dict[str, object], cursor: str | None = None) -> bytes:
    return f"{f'id: {cursor}' if cursor else ':'}\nevent: {name}\ndata: {json.dumps(data)}\n\n".encode()


def hello(mode: str = "snapshot") -> bytes:
    return event("hello", {"v": 1, "iss": ISSUER, "mode": mode, "heartbeat": 2, "retain": 5100, "now": 1_700_000_000_000})


SYNC = event("sync", {"asOf": 1_700_000_000_000}, "1.a.7")


class Scene:
    def __init__(self) -> None:
        self.world = World()
        self.ended = EndedSessions()
        self.state = FeedState(ISSUER, self.ended)
        self.syncs = 0
        self.follower = Follower(self.world.environment, URL, "csf_key", self.state, self._on_sync)

    def _on_sync(self) -> None:
        self.syncs += 1

    def stream(self, response: FakeResponse | FetchError) -> float:
        self.world.respond = lambda url, headers: response
        return self.follower.stream()


def test_a_broken_stream_is_taken_up_again_where_it_was() -> None:
    scene = Scene()

    def broken() -> Iterator[bytes]:
        yield hello() + SYNC
        assert scene.follower.ready.is_set()
        yield event("revoked", {"until": 2_000_000_000, "sid": ["a"]}, "1.a.8")
        assert scene.ended.has("a", 1_700_000_000)
        raise FetchError("connection lost")

    response = FakeResponse(200, broken(), STREAM)
    assert scene.stream(response) == 0.05, "half of the first pause"
    assert response.is_closed
    assert (scene.follower.failure, scene.world.warnings) == (None, []), "that is no news"
    scene.stream(FakeResponse(200, [hello("delta") + SYNC], STREAM))
    first, second = (headers for _, headers in scene.world.requests)
    assert first == {"Accept": "text/event-stream", "Cache-Control": "no-store", "Authorization": "Bearer csf_key"}
    assert second == {**first, "Last-Event-ID": "1.a.7"}


def test_failures_are_tried_again_ever_more_slowly_and_told_once() -> None:
    scene = Scene()
    scene.world.luck = 1
    pauses = [scene.stream(FetchError("refused")) for _ in range(8)]
    assert pauses == [0.2, 0.4, 0.8, 1.6, 3.2, 5, 5, 5]
    assert len(scene.world.warnings) == 1
    assert scene.follower.tried.is_set() and not scene.follower.ready.is_set()
    scene.stream(FakeResponse(200, [hello() + SYNC], STREAM))
    assert (scene.follower.failure, len(scene.world.warnings)) == (None, 2)
    assert scene.stream(FetchError("refused")) == 0.2, "it begins anew"


@pytest.mark.parametrize(
    ("status", "headers", "pauses"),
    [
        (503, {"Retry-After": "20"}, [20] * 12),
        (503, {"Retry-After": "99999"}, [60] * 12),
        (401, {}, [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2, 60, 60, 60]),
        (503, {}, [0.2, 0.4, 0.8, 1.6, 3.2, 5, 5, 5, 5, 5, 5, 5]),
    ],
)
def test_a_server_that_names_a_time_or_refuses_the_key_is_left_alone(
    status: int, headers: Mapping[str, str], pauses: list[float]
) -> None:
    scene = Scene()
    scene.world.luck = 1
    assert [scene.stream(FakeResponse(status, [b""], headers)) for _ in pauses] == pauses
    assert str(status) in (scene.follower.failure or "")


@pytest.mark.parametrize(
    "response",
    [
        FakeResponse(307, [b""], {"Location": "https://evil.example/"}),
        FakeResponse(200, [hello() + SYNC], {"Content-Type": "text/html"}),
        FakeResponse(200, [hello() + SYNC], {}),
        FakeResponse(200, [b""], STREAM),
        FakeResponse(200, [hello().replace(b"auth", b"evil") + SYNC], STREAM),
    ],
)
def test_what_is_not_the_feed_is_not_followed(response: FakeResponse) -> None:
    scene = Scene()
    scene.stream(response)
    assert scene.follower.failure
    assert scene.syncs == 0
    assert [url for url, _ in scene.world.requests] == [URL]


def test_a_watched_token_ends_with_its_session_or_its_time() -> None:
    world, ended = World(), EndedSessions()
    watchers = Watchers(ended, world.environment.now)
    watchers._thread = object()  # type: ignore[assignment] # the test takes its turns
    now = world.epoch
    revoked, expired, other, given_up = (watchers.watch(sid, now, now + 60) for sid in ("a", None, "b", "a"))
    assert given_up.cancel()
    ended.add("a", now + 1000)
    assert revoked.result(0) == "revoked"
    assert watchers.watch("a", now, now + 60).result(0) == "revoked", "it has ended already"
    young = watchers.watch("c", now, now + 60)
    old = watchers.watch("c", now - 1, now + 60)
    ended.add_issued_before(now)
    assert old.result(0) == "revoked", "all that were there have ended"
    assert not young.done()
    assert watchers.watch(None, now - 1, now + 60).result(0) == "revoked"
    assert young.cancel()
    world.time = 59.5
    assert watchers.turn() == 0.5
    assert not expired.done()
    world.time = 60
    assert watchers.turn() == 60
    assert [future.result(0) for future in (expired, other)] == ["expired", "expired"]
    assert ended._watchers == {}, "nothing is left behind"
    ended.add("b", now + 1000)
    assert isinstance(other, Future)
