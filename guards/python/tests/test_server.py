"""The guard against the real server."""

from __future__ import annotations

import asyncio
import os
import threading

import pytest

from countersign_guard import Ask, Feed, Guard, NotReadyError, Refusal
from server import Server, running_server


def guard_for(server: Server, feed_key: str | None = None) -> Guard:
    return Guard(server.origin, server.origin, Feed(feed_key or server.feed_key, when_late="reject"))


def reason(guard: Guard, bearer: str) -> str:
    try:
        guard.authenticate(bearer)
    except Refusal as refusal:
        return refusal.reason
    return "accepted"


def test_a_logout_at_the_server_ends_the_token_here(server: Server) -> None:
    guard = guard_for(server)
    guard.wait_ready()
    one, other = server.login(), server.login()
    claims = guard.authenticate(one.bearer)
    assert claims["username"] == "demo"
    over = guard.watch(claims)
    one.logout()
    assert over.result(timeout=30) == "revoked"
    assert [reason(guard, login.bearer) for login in (one, other)] == ["revoked", "accepted"]

    # A guard that starts later learns of it from the snapshot, without being told to wait.
    late = guard_for(server)
    assert [reason(late, login.bearer) for login in (one, other)] == ["revoked", "accepted"]
    assert (late.status().feed_lag or 0) < 5
    late.close()
    guard.close()
    assert reason(guard, other.bearer) == "keys_unavailable"


def test_an_event_loop_is_not_blocked_at_the_start(server: Server) -> None:
    async def run() -> str:
        guard = guard_for(server)
        login = server.login()
        beats = asyncio.create_task(asyncio.sleep(0))
        claims = await guard.authenticate_async(login.bearer)
        assert beats.done()
        over = asyncio.wrap_future(guard.watch(claims))
        await asyncio.get_running_loop().run_in_executor(None, login.logout)
        end = await asyncio.wait_for(over, 30)
        guard.close()
        return end

    assert asyncio.run(run()) == "revoked"


def test_a_wrong_feed_key_leaves_the_guard_late(server: Server) -> None:
    guard = guard_for(server, "csf_" + "A" * 30)
    assert reason(guard, server.login().bearer) == "revocations_unavailable"
    assert "401" in (guard.status().feed_failure or "")
    with pytest.raises(NotReadyError, match="401"):
        guard.wait_ready(timeout=0)
    guard.close()


def test_a_process_that_is_forked_has_threads_of_its_own(server: Server) -> None:
    guard = guard_for(server)
    guard.wait_ready()
    login = server.login()
    assert reason(guard, login.bearer) == "accepted"
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        # No assertion here: the child must not come out of the test.
        first = reason(guard, login.bearer)
        over = guard.watch(guard.authenticate(login.bearer))
        login.logout()
        threads = sorted(thread.name for thread in threading.enumerate() if thread.name.startswith("countersign"))
        os.write(write, f"{first} {over.result(timeout=30)} {','.join(threads)}".encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as answer:
        assert answer.read() == "accepted revoked countersign-feed,countersign-keys,countersign-watch"
    os.waitpid(child, 0)
    guard.close()


def asking(server: Server, secret: str | None = None) -> Guard:
    """Its feed is somewhere else, so it is late."""
    ask = Ask("gateway", secret or server.client_secret)
    return Guard(server.origin, server.origin, Feed(url=f"{server.origin}/nothing", when_late=ask))


def test_while_the_feed_is_late_the_server_is_asked_about_each_session(server: Server) -> None:
    guard = asking(server)
    one, other = server.login(), server.login()
    assert guard.authenticate(other.bearer)["username"] == "demo"
    one.logout()
    assert [reason(guard, login.bearer) for login in (one, one, other)] == ["revoked", "revoked", "accepted"]
    status = guard.status()
    assert (status.ended, status.ask_failure) == (1, None)
    assert "404" in (status.feed_failure or "")
    other.logout()
    later = asking(server)
    assert reason(later, other.bearer) == "revoked"
    later.close()
    guard.close()


def test_an_event_loop_asks_the_server_too(server: Server) -> None:
    async def run() -> list[str]:
        guard, (one, other) = asking(server), (server.login(), server.login())
        one.logout()
        calls = [guard.authenticate_async(login.bearer) for login in (one, one, other)]
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        guard.close()
        return [outcome.reason if isinstance(outcome, Refusal) else "accepted" for outcome in outcomes]

    assert asyncio.run(run()) == ["revoked", "revoked", "accepted"]


def test_a_client_that_the_server_does_not_know_gets_no_answer(server: Server) -> None:
    guard = asking(server, "csc_wrong")
    assert reason(guard, server.login().bearer) == "revocations_unavailable"
    assert "/oauth2/introspect: the response is 401" in (guard.status().ask_failure or "")
    guard.close()


def test_a_server_that_is_gone_answers_nothing() -> None:
    with running_server() as gone:
        guard = asking(gone)
        known, other = gone.login(), gone.login()
        assert reason(guard, known.bearer) == "accepted"
        gone.stop()
        assert reason(guard, other.bearer) == "revocations_unavailable"
        assert "refused" in (guard.status().ask_failure or "")
        guard.close()


def test_a_fresh_feed_is_not_late_and_nobody_is_asked(server: Server) -> None:
    guard = Guard(server.origin, server.origin, Feed(server.feed_key, when_late=Ask("gateway", "csc_wrong")))
    login = server.login()
    over = guard.watch(guard.authenticate(login.bearer))
    login.logout()
    assert over.result(timeout=30) == "revoked"
    assert (reason(guard, login.bearer), guard.status().ask_failure) == ("revoked", None)
    guard.close()
