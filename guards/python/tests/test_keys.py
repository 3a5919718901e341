"""How keys are fetched, in a world where time moves when the test says so."""

from __future__ import annotations

from typing import Any

import pytest

from countersign_guard import Feed, Guard, Options
from countersign_guard.fetch import FetchError
from countersign_guard.keys.keeper import KeyKeeper
from countersign_guard.keys.schedule import Schedule, Step
from countersign_guard.keys.source import Source, SourceOptions
from table import jwk_set
from world import FakeResponse, World, json_response

ISSUER = "https://auth.example.com"
JWKS = f"{ISSUER}/.well-known/jwks.json"
METADATA = f'{{"issuer":"{ISSUER}","jwks_uri":"{JWKS}"}}'.encode()
DAY = 86_400.0
#: The chance that leaves a pause as it is, for a success.
EVEN = 0.5


def schedule_with_keys() -> Schedule:
    """Keys fetched at 100 s, to be renewed at 400 s."""
    schedule = Schedule(100, DAY)
    assert schedule.step(100) is Step.FETCH
    schedule.succeeded(100, None, EVEN)
    assert schedule.step(100) == 400
    return schedule


@pytest.mark.parametrize(
    ("fresh_for", "chance", "due"),
    [
        (None, EVEN, 300),
        (120, EVEN, 120),
        (0, EVEN, 60),
        (59, EVEN, 60),
        (901, EVEN, 900),
        (86_400, EVEN, 900),
        (100, 0, 90),
        (100, 1, 110),
    ],
)
def test_keys_are_renewed_when_their_time_is_over_within_bounds(fresh_for: float | None, chance: float, due: float) -> None:
    schedule = Schedule(0, DAY)
    schedule.step(0)
    schedule.succeeded(0, fresh_for, chance)
    assert schedule.step(due - 0.001) == pytest.approx(due)
    assert schedule.step(due + 0.001) is Step.FETCH


def test_failures_are_tried_again_ever_more_slowly_without_end() -> None:
    schedule, now = Schedule(0, DAY), 0.0
    for pause in (1, 2, 4, 8, 16, 32, 60, 60, 60):
        assert schedule.step(now) is Step.FETCH
        schedule.failed(now, 1)
        assert schedule.step(now) == now + pause
        now += pause
    schedule.failed(now, 0)
    assert schedule.step(now) == now + 30, "at least half of it"


def test_a_flood_of_unknown_key_ids_causes_at_most_five_fetches_a_minute() -> None:
    def flood(key_id: str) -> list[float]:
        schedule, fetches = schedule_with_keys(), []
        for tick in range(10_000, 39_000):
            now = tick / 100
            schedule.ask_for_key(key_id.format(tick), now)
            if schedule.step(now) is Step.FETCH:
                fetches.append(now)
                schedule.succeeded(now, 900, EVEN)
        return fetches

    fetches = flood("k{}")
    assert len(fetches) == 24, "every 12 s"
    assert all(later >= start + 59.99 for start, later in zip(fetches, fetches[5:]))
    assert flood("k") == pytest.approx([112, 160, 220, 280, 340], abs=0.02), "one key ID: one a minute"


def test_key_ids_and_news_cause_no_fetch_while_fetches_fail() -> None:
    assert not Schedule(0, DAY).ask_for_key("new", 0)
    schedule = schedule_with_keys()
    assert schedule.step(400) is Step.FETCH
    for _ in range(6):
        schedule.failed(400, 1)
    schedule.ask_for_key("new", 415)
    schedule.hear_of_change(415, 0)
    assert schedule.step(431) == 432


class Keys:
    """A keeper, and the issuer that it asks."""

    def __init__(self, world: World, stale_for: float = DAY, **options: Any) -> None:
        self.world = world
        self.keys: FakeResponse | FetchError = json_response(jwk_set("main"))
        self.metadata: FakeResponse | FetchError = json_response(METADATA)
        world.respond = lambda url, headers: self.keys if url == JWKS else self.metadata
        settings = {"issuer": ISSUER, "jwks_url": None, "algorithms": ("ES256",), "timeout": 10.0, **options}
        self.keeper = KeyKeeper(world.environment, Source(world.environment, SourceOptions(**settings)), stale_for)

    def at(self, time: float) -> int:
        """How many keys there are then."""
        self.world.time = time
        self.keeper.turn()
        return len(self.keeper.slot.keys or ())

    @property
    def fetches(self) -> int:
        return sum(url == JWKS for url, _ in self.world.requests)


def test_a_withdrawn_key_stays_out_whatever_a_cache_says() -> None:
    keys = Keys(World())
    assert keys.at(0) == 1
    stolen = keys.keeper.slot.keys[0].id  # type: ignore[index]
    keys.world.time = 10
    keys.keeper.withdraw(frozenset([stolen]))
    assert (keys.keeper.slot.keys, keys.fetches) == ([], 1), "at once, and keys that refuse, not none to be asked for"
    keys.keeper.withdraw(frozenset([stolen]))
    assert keys.keeper.slot.version == 2, "once"
    assert (keys.at(10.599), keys.fetches) == (0, 1)
    assert (keys.at(10.6), keys.fetches) == (0, 2), "the key that signs in its place is fetched soon"
    keys.keys = json_response(jwk_set("main") + b" ")
    assert (keys.at(400), keys.fetches) == (0, 3)


def test_the_last_keys_stay_in_use_for_a_day_while_the_issuer_is_down() -> None:
    keys = Keys(World())
    assert keys.at(0) == 1
    keys.keys = FakeResponse(503)
    time = 300.0
    while time < DAY:
        assert keys.at(time) == 1
        time += 60
    assert keys.at(DAY) == 0
    assert len(keys.world.warnings) == 2, keys.world.warnings
    keys.keys = json_response(jwk_set("main"))
    assert keys.at(DAY + 60) == 1


@pytest.mark.parametrize(
    "bad",
    [
        json_response(b'{"keys":[]}'),
        json_response(b'{"keys":[{"kty":"oct","k":"AAAA"}]}'),
        json_response(b"[]"),
        json_response(b"{"),
        json_response(jwk_set("main"), **{"Content-Type": "text/html"}),
        FakeResponse(302, headers={"Location": "https://evil.example/keys"}),
        json_response(b'{"keys":[],"x":"' + b"x" * 65536 + b'"}'),
        json_response(jwk_set("main"), **{"Content-Length": "9999"}),
        FetchError("timed out"),
    ],
    ids=["empty set", "no usable key", "no set", "no JSON", "a page", "a redirect", "too long", "not complete", "no answer"],
)
def test_a_response_that_is_no_set_of_keys_changes_nothing(bad: FakeResponse | FetchError) -> None:
    keys = Keys(World())
    keys.at(0)
    slot = keys.keeper.slot
    keys.keys = bad
    assert keys.at(301) == 1
    assert keys.keeper.failure
    assert keys.keeper.slot is slot
    assert not any("evil" in url for url, _ in keys.world.requests)


@pytest.mark.parametrize(
    ("metadata", "failure"),
    [
        (METADATA.replace(b'"issuer":"https://auth', b'"issuer":"https://evil'), "of the issuer"),
        (METADATA.replace(b'com","jwks', b'com/","jwks'), "of the issuer"),
        (METADATA.replace(b'uri":"https://auth.example.com', b'uri":"https://169.254.169.254'), "another host"),
        (METADATA.replace(b'uri":"https', b'uri":"http'), "https"),
        (b"{}", "of the issuer"),
    ],
)
def test_the_metadata_must_be_of_the_issuer_and_name_keys_on_its_host(metadata: bytes, failure: str) -> None:
    keys = Keys(World())
    keys.metadata = json_response(metadata)
    assert keys.at(0) == 0
    assert failure in (keys.keeper.failure or "")
    assert keys.fetches == 0


def test_the_metadata_are_where_the_standards_say() -> None:
    world = World()
    keys = Keys(world, issuer=f"{ISSUER}/tenant")
    openid = json_response(METADATA.replace(b'com","jwks', b'com/tenant","jwks'))
    world.respond = lambda url, _: FakeResponse(404) if "oauth" in url else openid if "openid" in url else keys.keys
    assert keys.at(0) == 1
    first, second = f"{ISSUER}/.well-known/oauth-authorization-server/tenant", f"{ISSUER}/tenant/.well-known/openid-configuration"
    assert [url for url, _ in world.requests] == [first, second, JWKS]


def test_an_unchanged_set_is_confirmed_by_its_etag_and_keeps_its_version() -> None:
    keys = Keys(World())
    keys.keys = json_response(jwk_set("main"), ETag='"k1"', **{"Cache-Control": "public, max-age=120"})
    keys.at(0)
    slot = keys.keeper.slot
    keys.keys = FakeResponse(304)
    assert keys.at(119) == 1
    assert keys.fetches == 1
    keys.at(121)
    assert keys.world.requests[-1] == (JWKS, {"Accept": "application/jwk-set+json, application/json", "If-None-Match": '"k1"'})
    assert (keys.keeper.age, keys.keeper.slot) == (0, slot)


def test_the_same_set_sent_again_keeps_the_tokens_that_it_has_verified() -> None:
    keys = Keys(World())
    keys.at(0)
    slot = keys.keeper.slot
    keys.at(301)
    assert (keys.fetches, keys.keeper.slot) == (2, slot)
    keys.keys = json_response(jwk_set("two"))
    assert keys.at(602) == 2
    assert keys.keeper.slot.version == slot.version + 1


def test_changed_keys_are_fetched_as_soon_as_the_feed_says_so() -> None:
    keys = Keys(World())
    keys.keys = json_response(jwk_set("main"), ETag='"k1"')
    keys.at(0)
    for tag in ('W/"k1"', '"k1"'):
        keys.keeper.hear_of_tag(tag)
    keys.at(10)
    assert keys.fetches == 1, "the same tag"
    keys.keeper.hear_of_tag('"k2"')
    keys.keeper.hear_of_tag('"k2"')
    keys.at(12)
    keys.at(14)
    assert keys.fetches == 2


def test_a_keeper_that_is_closed_trusts_no_key() -> None:
    keys = Keys(World())
    keys.at(0)
    keys.keeper.close()
    assert keys.at(1000) == 0
    assert keys.fetches == 1


@pytest.mark.parametrize(
    ("issuer", "audience", "feed", "options"),
    [
        ("http://auth.example.com", "api", None, {}),
        ("https://name@auth.example.com", "api", None, {}),
        ("https://auth.example.com?x", "api", None, {}),
        ("ftp://localhost", "api", None, {}),
        ("auth.example.com", "api", None, {}),
        ("http://localhost.evil.example", "api", None, {}),
        (ISSUER, "", None, {}),
        (ISSUER, [], None, {}),
        (ISSUER, "api", None, {"leeway": 121}),
        (ISSUER, "api", None, {"type": "jwt"}),
        (ISSUER, "api", None, {"algorithms": ["HS256"]}),
        (ISSUER, "api", None, {"jwks_url": "http://10.0.0.1/keys"}),
        (ISSUER, "api", Feed(url="http://auth.example.com/feed"), {}),
    ],
)
def test_options_that_make_no_sense_make_no_guard(issuer: str, audience: Any, feed: Feed | None, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        Guard(issuer, audience, feed, Options(**options))


def test_plain_http_is_for_this_machine() -> None:
    for issuer in ("http://localhost:3000", "http://127.0.0.1", "http://[::1]:1"):
        Guard(issuer, "api")
