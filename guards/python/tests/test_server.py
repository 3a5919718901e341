"""The guard against the real server."""

from __future__ import annotations

import asyncio
import os
import threading

import pytest

from countersign_guard import Feed, Guard, NotReadyError, Refusal
from server import Server


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
