"""The cases about the feed of ended sessions: what arrives when, and what the follower must know then."""

import json

ISSUER = "https://auth.example.com"
SERVER_NOW = 1_700_000_000_000
UNTIL = 1_700_000_900


def event(name: str, data, cursor: str | None = None, eol: str = "\n") -> str:
    text = data if isinstance(data, str) else json.dumps(data, separators=(",", ":"))
    lines = ([f"id: {cursor}"] if cursor else []) + [f"event: {name}", f"data: {text}", "", ""]
    return eol.join(lines)


def hello(mode: str, at: int = 0, eol: str = "\n", **changes) -> str:
    """`at` is the time of the case in milliseconds, here and below."""
    data = {"v": 1, "iss": ISSUER, "mode": mode, "heartbeat": 2, "retain": 5100, "now": SERVER_NOW + at, **changes}
    return event("hello", data, eol=eol)


def revoked(*sids: str, cursor: str = "r", more: bool = False, until: int = UNTIL, eol: str = "\n") -> str:
    return event("revoked", {"until": until, "sid": list(sids), **({"more": True} if more else {})}, cursor, eol)


def sync(at: int, cursor: str, eol: str = "\n", **more) -> str:
    return event("sync", {"asOf": SERVER_NOW + at, "keys": '"k1"', **more}, cursor, eol)


RESET = event("reset", {})

_cases: list[dict] = []


def case(name: str, *steps: dict) -> None:
    _cases.append({"name": name, "steps": list(steps)})


def connect(at: int, cursor: str | None = None) -> dict:
    """The follower sends its request, with this cursor."""
    return {"at": at, "connect": True, "cursor": cursor}


def receive(at: int, *texts: str) -> dict:
    return {"at": at, "receive": "".join(texts)}


def close(at: int) -> dict:
    return {"at": at, "close": True}


def expect(at: int, state: str, ended: str = "", alive: str = "", open: bool | None = None, **issued: list[int]) -> dict:
    """`open` false: the follower must have left the stream by itself. `refused` and `accepted` are lists of `iat`."""
    step = {"at": at, "expect": state, "ended": ended.split(), "alive": alive.split(), **issued}
    return step if open is None else {**step, "open": open}


def withdrawn(at: int, key_ids: str) -> dict:
    """These keys, and no others, must be known to be withdrawn."""
    return {"at": at, "withdrawn": key_ids.split()}


def snapshots() -> None:
    case("nothing yet", expect(0, "late"), connect(0), expect(10, "late"))
    case(
        "a snapshot is complete at its sync",
        connect(0), receive(20, hello("snapshot", 10), revoked("a")), expect(20, "late", "a", "b"),
        receive(30, revoked("b", cursor="2"), sync(20, "3")), expect(30, "fresh", "a b", "c", open=True),
    )  # fmt: skip
    case(
        "an empty snapshot",
        connect(0), receive(20, hello("snapshot", 10), sync(10, "1")), expect(20, "fresh", "", "a"),
    )  # fmt: skip
    case(
        "a later snapshot adds, and takes nothing away",
        connect(0), receive(20, hello("snapshot", 10), revoked("a", "b"), sync(10, "1")), close(100),
        connect(200, "1"), receive(220, hello("snapshot", 210), revoked("b", "c", cursor="2")), expect(220, "fresh", "a b c"),
        receive(230, sync(220, "3")), expect(230, "fresh", "a b c"),
    )  # fmt: skip
    case(
        "a snapshot that was cut moves no cursor",
        connect(0), receive(20, hello("snapshot", 10), revoked("a"), sync(10, "1")), close(100),
        connect(200, "1"), receive(220, hello("snapshot", 210), revoked("b", cursor="2")), close(300), expect(300, "fresh", "a b"),
        connect(400, "1"), receive(420, hello("snapshot", 410), revoked("c", cursor="3"), sync(410, "4")), expect(420, "fresh", "a b c"),
    )  # fmt: skip
    case(
        "a first snapshot that was cut leaves no cursor",
        connect(0), receive(20, hello("snapshot", 10), revoked("a", cursor="1")), close(30), expect(30, "late", "a"), connect(100, None),
    )  # fmt: skip


def deltas() -> None:
    start = [connect(0), receive(20, hello("snapshot", 10), revoked("a"), sync(10, "1"))]
    case("a revocation counts at once", *start, receive(50, revoked("b", cursor="2")), expect(50, "fresh", "a b", "c"))
    case("more than one event of one change", *start, receive(50, revoked("b", cursor="2", more=True)), receive(60, revoked("c", cursor="3")), expect(60, "fresh", "a b c"))
    case("twice, and in another order", *start, receive(50, revoked("c", cursor="3"), revoked("b", "a", cursor="2"), revoked("c", cursor="3")), expect(50, "fresh", "a b c"))
    case("a delta adds to what was there", *start, close(100), connect(200, "1"), receive(220, hello("delta", 210), revoked("b", cursor="2"), sync(210, "3")), expect(220, "fresh", "a b"), close(300), connect(400, "3"))
    case("the cursor is that of the last sync", *start, receive(50, revoked("b", cursor="2")), close(60), connect(100, "1"))
    case("a delta without a cursor is refused", connect(0), receive(20, hello("delta", 10), sync(10, "1")), expect(20, "late", open=False), connect(100, None))
    case("reset: the next stream is asked for without a cursor", *start, receive(50, RESET), expect(50, "late", open=False), connect(100, None), receive(120, hello("snapshot", 110), revoked("b", cursor="9"), sync(110, "10")), expect(120, "fresh", "a b"))
    case("an entry ends with its time", connect(0), receive(20, hello("snapshot", 10), revoked("a", until=1_600_000_000), revoked("b"), sync(10, "1")), expect(20, "fresh", "b", "a"))


def withdrawals() -> None:
    """Keys that the issuer has withdrawn."""
    start = [connect(0), receive(20, hello("snapshot", 10), sync(10, "1", withdrawn=["k", "l"])), withdrawn(20, "k l")]
    case("none is withdrawn", connect(0), receive(20, hello("snapshot", 10), sync(10, "1")), withdrawn(20, ""))
    case("a key is withdrawn while the stream is open", connect(0), receive(20, hello("snapshot", 10), sync(10, "1")), receive(50, sync(40, "1", withdrawn=["k"])), withdrawn(50, "k"), expect(50, "fresh", open=True))
    case("what was withdrawn stays so, whatever comes later", *start, receive(50, sync(40, "1", withdrawn=["m"])), withdrawn(50, "k l m"), receive(60, RESET), connect(100, None), receive(120, hello("snapshot", 110), sync(110, "9")), withdrawn(120, "k l m"))
    case("before hello nothing is withdrawn", connect(0), receive(20, sync(10, "1", withdrawn=["k"])), withdrawn(20, ""), expect(20, "late", open=False))
    case("of too many the first hundred", connect(0), receive(20, hello("snapshot", 10), sync(10, "1", withdrawn=[f"k{n}" for n in range(101)])), withdrawn(20, " ".join(f"k{n}" for n in range(100))), expect(20, "fresh", open=True))


def restores() -> None:
    """The issuer's store was put back: what was issued before is refused, and nobody can name those sessions."""
    time = 1_700_000_000
    start = [connect(0), receive(20, hello("snapshot", 10), revoked("a"), sync(10, "1"))]
    case("no notBefore, nothing is too old", *start, expect(20, "fresh", "a", "b", accepted=[0]))
    case("what was issued before notBefore is refused, at once", connect(0), receive(20, hello("snapshot", 10, notBefore=time)), expect(20, "late", refused=[0, time - 1], accepted=[time, time + 1]))
    case("a later notBefore, after reset", *start, receive(50, RESET), connect(100, None), receive(120, hello("snapshot", 110, notBefore=time), sync(110, "2")), expect(120, "fresh", "a", "b", refused=[time - 1], accepted=[time]))
    case("notBefore never goes back", connect(0), receive(20, hello("snapshot", 10, notBefore=time), sync(10, "1")), close(100), connect(200, "1"), receive(220, hello("delta", 210, notBefore=time - 9), sync(210, "2")), expect(220, "fresh", refused=[time - 1]), close(300), connect(400, "2"), receive(420, hello("delta", 410), sync(410, "3")), expect(420, "fresh", refused=[time - 1], accepted=[time]))
    case("a notBefore that is no number ends the stream", connect(0), receive(20, hello("snapshot", 10, notBefore="now"), sync(10, "1")), expect(20, "late", open=False), connect(100, None))
    case("hello of another issuer says nothing", connect(0), receive(20, hello("snapshot", 10, iss="https://evil.example", notBefore=time)), expect(20, "late", accepted=[0], open=False))


def strangers() -> None:
    start = [connect(0), receive(20, hello("snapshot", 10), revoked("a"), sync(10, "1"))]
    case("unknown events and members are ignored", connect(0), receive(20, event("weather", "rain"), hello("snapshot", 10, colour="red"), event("news", {"sid": ["z"]}, "7"), event("revoked", {"until": UNTIL, "sid": ["a"], "why": "logout"}, "1"), sync(10, "2")), expect(20, "fresh", "a", "z"))
    case("an event without data is none", *start, receive(50, "event: reset\n\n"), expect(50, "fresh", "a", open=True))
    case("an event cut off by the end is none", *start, receive(50, revoked("b", cursor="2")[:-1]), expect(50, "fresh", "a", "b"), close(60), connect(100, "1"))
    case("another issuer", connect(0), receive(20, hello("snapshot", 10, iss="https://evil.example"), revoked("a"), sync(10, "1")), expect(20, "late", "", "a", open=False), connect(100, None))
    case("another issuer later", *start, close(100), connect(200, "1"), receive(220, hello("snapshot", 210, iss=ISSUER + "/"), sync(210, "9")), expect(220, "fresh", "a", open=False))
    case("another version", connect(0), receive(20, hello("snapshot", 10, v=2), sync(10, "1")), expect(20, "late", open=False))
    case("an unknown mode", connect(0), receive(20, hello("diff", 10), sync(10, "1")), expect(20, "late", open=False))
    case("no hello first", connect(0), receive(20, revoked("a"), sync(10, "1")), expect(20, "late", "", "a", open=False))
    for name, bad in (
        ("no JSON", event("revoked", "{", "2")),
        ("an array in place of an object", event("revoked", [UNTIL, ["b"]], "2")),
        ("sid is a text", event("revoked", {"until": UNTIL, "sid": "b"}, "2")),
        ("until is a text", event("revoked", {"until": "soon", "sid": ["b"]}, "2")),
        ("sync without asOf", event("sync", {}, "2")),
    ):
        case(f"an event that cannot be read ends the stream: {name}", *start, receive(50, bad), expect(50, "fresh", "a", "b", open=False), connect(100, "1"))
    case("an event that is too long ends the stream", *start, receive(50, "event: revoked\ndata: "), {**receive(50, "b" * 1000), "times": 132}, expect(50, "fresh", "a", "b", open=False), connect(100, "1"))


def lines() -> None:
    """WHATWG HTML §9.2.5: lines end with CR LF, LF or CR; fields may lack the space; comments begin with a colon."""
    for name, eol in (("CR LF", "\r\n"), ("CR", "\r")):
        case(f"lines end with {name}", connect(0), receive(20, "retry: 500", eol, hello("snapshot", 10, eol), revoked("a", eol=eol), sync(10, "1", eol), "\n" if eol == "\r" else ""), expect(20, "fresh", "a"))
    text = "\ufeff: a comment\nretry: 500\n" + hello("snapshot", 10) + revoked("a", "é") + sync(10, "1")
    case("one byte at a time", connect(0), {"at": 20, "receive": text, "bytewise": True}, expect(20, "fresh", "a é"))
    eol = "\r\n"
    case("CR LF, one byte at a time", connect(0), {"at": 20, "receive": hello("snapshot", 10, eol) + revoked("a", eol=eol) + sync(10, "1", eol), "bytewise": True}, expect(20, "fresh", "a"))
    no_space = (hello("snapshot", 10) + revoked("a") + sync(10, "1")).replace(": ", ":")
    case("no space after the colon", connect(0), receive(20, no_space), expect(20, "fresh", "a"))
    split = f'id: 1\nevent: revoked\ndata: {{"until":{UNTIL},\ndata: "sid":["a"]}}\n\n'
    case("data in two lines", connect(0), receive(20, hello("snapshot", 10), split, sync(10, "1")), expect(20, "fresh", "a"))
    case("a cursor without an event's data counts for nothing", connect(0), receive(20, hello("snapshot", 10), sync(10, "1"), "id: 9\n\n"), close(30), connect(40, "1"))


def freshness() -> None:
    start = [connect(0), receive(20, hello("snapshot", 10), revoked("a"), sync(10, "1"))]
    # The server's clock is at most 10 ms ahead of what `hello` said when it was asked at 0.
    case("late when more than five seconds have passed since asOf", *start, expect(5000, "fresh", "a"), expect(5001, "late", "a"))
    case("a heartbeat keeps it fresh", *start, receive(4000, sync(3990, "2")), expect(8980, "fresh"), expect(8981, "late"))
    case("a heartbeat whose asOf stands still does not", *start, receive(2000, sync(10, "2")), receive(4000, sync(10, "2")), expect(5000, "fresh"), expect(5001, "late"))
    case("the server's clock is set back: it is asked anew", *start, receive(3000, sync(2990, "2")), receive(3010, sync(1000, "3")), expect(3010, "fresh", open=False), expect(7980, "fresh"), expect(7981, "late"), connect(8000, "2"))
    case("the server's clock is set forward: it is asked anew", *start, receive(2000, sync(3_600_000, "2")), expect(5000, "fresh", open=False), expect(5001, "late"), connect(8000, "1"))
    case("a drift of half a second is none", *start, receive(2000, sync(2510, "2")), expect(7000, "fresh", open=True), expect(7001, "late"))
    case("a stream that a proxy holds back is late", connect(0), receive(9000, hello("snapshot", 10), sync(10, "1")), expect(9000, "late"))
    case("so is one whose later events are held back", *start, receive(9000, sync(2000, "2")), expect(9000, "late"))
    case("late, then caught up", *start, expect(6000, "late"), receive(7000, sync(6990, "2")), expect(7000, "fresh", "a"))
    case("revocations without a heartbeat do not keep it fresh", *start, receive(4900, revoked("b", cursor="2")), expect(5001, "late", "a b"))
    case("cut, and back in time", *start, close(1000), expect(3000, "fresh", "a"), connect(4000, "1"), receive(4020, hello("delta", 4010), sync(4010, "2")), expect(9000, "fresh", "a"), expect(9001, "late"))
    case("an answer that came late is asked for again soon, to compare the clocks better", connect(0), receive(2000, hello("snapshot", 1000), sync(1000, "1")), receive(11_990, sync(11_990, "2")), expect(11_990, "fresh", open=True), receive(12_000, sync(12_000, "3")), expect(12_000, "fresh", open=False), connect(12_100, "3"))
    case("half open: nothing arrives", *start, expect(60_000, "late", "a"))


def table() -> dict:
    for section in (snapshots, deltas, withdrawals, restores, strangers, lines, freshness):
        section()
    names = [case["name"] for case in _cases]
    assert len(names) == len(set(names))
    return {"issuer": ISSUER, "serverNow": SERVER_NOW, "freshFor": 5000, "cases": _cases}
