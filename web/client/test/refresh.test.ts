import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { isSessionOver, type ErrorCode } from '../src/errors.ts';
import { Browser, during, refuse, Server, signedIn, World } from './world.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

test('a_token_is_renewed_half_a_minute_before_it_expires', async () => {
  const { world, server, tab } = await signedIn();
  await world.pass(14 * MINUTE);
  assert.equal(server.count('/api/refresh'), 0);
  await world.pass(31_000);
  assert.equal(server.count('/api/refresh'), 1);
  assert.equal(tab.client.state.status, 'signed-in');
});

test('a_token_of_one_minute_is_renewed_at_half_its_life', async () => {
  const { world, server } = await signedIn((server) => (server.ttlSeconds = 60));
  await world.pass(10 * MINUTE);
  assert.ok(server.count('/api/refresh') >= 19 && server.count('/api/refresh') <= 25, `${server.count('/api/refresh')}`);
});

test('a_token_without_a_lifetime_does_not_make_a_storm', async () => {
  const { world, server } = await signedIn((server) => (server.ttlSeconds = 0.001));
  await world.pass(MINUTE);
  assert.ok(server.count('/api/refresh') <= 60, `${server.count('/api/refresh')} requests in a minute`);
});

for (const [name, offset] of [['ahead', DAY], ['behind', -DAY]] as const) {
  test(`a_device_clock_a_day_${name}_does_no_harm`, async () => {
    const world = new World();
    const server = new Server(world);
    const tab = new Browser(world, server).tab();
    tab.wallOffsetMs = offset;
    await world.pass(100);
    await during(world, 100, tab.client.login('alice', 'correct horse battery'));
    server.log.length = 0;
    await world.pass(15 * MINUTE);
    assert.equal(server.count('/api/refresh'), 1);
    assert.equal(tab.client.state.status, 'signed-in');
  });

  test(`a_device_clock_that_jumps_a_day_${name}_costs_one_refresh_at_most`, async () => {
    const { world, server, tab } = await signedIn();
    tab.wallOffsetMs = offset;
    tab.wake();
    await world.pass(10 * MINUTE);
    assert.ok(server.count('/api/refresh') <= 1);
    assert.equal(tab.client.state.status, 'signed-in');
    assert.equal((await during(world, 100, tab.client.fetch('https://app.example/api/profile'))).status, 200);
  });
}

// BC-4.
test('a_device_clock_that_was_set_back_does_not_make_a_token_live_longer', async () => {
  const { world, server, tab } = await signedIn();
  tab.wallOffsetMs = -DAY;
  await world.pass(14 * MINUTE);
  tab.wake();
  await world.pass(2 * MINUTE);
  assert.equal(server.count('/api/refresh'), 1);
});

test('an_app_does_not_notice_one_lost_response', async () => {
  const { world, browser, tab } = await signedIn();
  tab.visible = false;
  await world.pass(20 * MINUTE);
  let requests = 0;
  browser.weather = (path) => (path === '/api/refresh' && ++requests === 1 ? { lose: 'reply' } : {});
  assert.equal((await during(world, 10_000, tab.client.fetch('https://app.example/api/profile'))).status, 200);
});

test('a_token_that_expired_while_the_monotonic_clock_slept_is_renewed_at_wake', async () => {
  const { world, server, tab } = await signedIn();
  // The device sleeps for an hour: its wall clock goes on, its monotonic clock does not.
  tab.wallOffsetMs = 60 * MINUTE;
  tab.wake();
  await world.pass(100);
  assert.equal(server.count('/api/refresh'), 1);
});

test('a_hidden_tab_waits_until_it_is_visible', async () => {
  const { world, server, tab } = await signedIn();
  tab.visible = false;
  await world.pass(60 * MINUTE);
  assert.equal(server.count('/api/refresh'), 0);
  tab.visible = true;
  tab.wake();
  await world.pass(100);
  assert.equal(server.count('/api/refresh'), 1);
  assert.equal(tab.client.state.status, 'signed-in');
});

test('a_hidden_tab_still_gets_a_token_when_it_asks', async () => {
  const { world, tab } = await signedIn();
  tab.visible = false;
  await world.pass(60 * MINUTE);
  assert.equal((await during(world, 100, tab.client.fetch('https://app.example/api/profile'))).status, 200);
});

test('a_lost_response_is_asked_for_again_within_the_grace', async () => {
  const { world, server, browser, tab } = await signedIn();
  await world.pass(MINUTE);
  let requests = 0;
  browser.weather = (path) => (path === '/api/refresh' && ++requests === 1 ? { lose: 'reply' } : {});
  await world.pass(14 * MINUTE);
  assert.equal(server.count('/api/refresh'), 2);
  assert.equal(tab.client.state.status, 'signed-in');
  assert.equal(browser.cookie, 's1.1');
});

test('a_valid_token_is_kept_while_the_server_fails', async () => {
  const { world, server, browser, tab } = await signedIn();
  browser.weather = (path) => (path === '/api/refresh' ? { instead: { status: 503, body: { error: 'x', code: 'overloaded' } } } : {});
  await world.pass(14.8 * MINUTE);
  assert.deepEqual(tab.client.state.status === 'signed-in' && tab.client.state.offline, true);
  assert.equal(typeof (await during(world, 100, tab.client.token())), 'string');
  browser.weather = () => ({});
  await world.pass(MINUTE);
  assert.deepEqual(tab.client.state.status === 'signed-in' && tab.client.state.offline, false);
  assert.ok(server.count('/api/refresh') >= 1);
});

test('an_hour_of_outage_signs_no_user_out_and_asks_at_most_twice_in_twenty_seconds', async () => {
  const { world, browser, tab } = await signedIn();
  browser.online = false;
  const before = tab.sent.length;
  await world.pass(75 * MINUTE);
  const asked = tab.sent.length - before;
  assert.ok(asked > 60 && asked < 60 * 6, `${asked} requests`);
  assert.equal(tab.client.state.status, 'signed-in');
  browser.online = true;
  tab.wake(true);
  await world.pass(100);
  assert.deepEqual(tab.client.state.status === 'signed-in' && tab.client.state.offline, false);
});

test('an_app_that_asks_all_the_time_during_an_outage_does_not_reach_the_network', async () => {
  const { world, browser, tab } = await signedIn();
  await world.pass(10 * MINUTE);
  browser.online = false;
  await world.pass(10 * MINUTE);
  const before = tab.sent.length;
  for (let i = 0; i < 100; i++) {
    await assert.rejects(during(world, 1_000, tab.client.fetch('https://app.example/api/profile')), { code: 'network' });
  }
  assert.ok(tab.sent.length - before <= 10, `${tab.sent.length - before} requests in a hundred seconds`);
});

test('retry_after_is_honoured', async () => {
  const { world, browser, tab } = await signedIn();
  const busy = { status: 429, body: { error: 'slow down', code: 'too_many_attempts' }, headers: { 'Retry-After': '120' } };
  browser.weather = (path) => (path === '/api/refresh' ? { instead: busy } : {});
  await world.pass(14.6 * MINUTE);
  const before = tab.sent.length;
  await world.pass(1.8 * MINUTE);
  assert.equal(tab.sent.length, before);
  assert.equal(tab.client.state.status, 'signed-in');
});

const OVER = ['session_expired', 'session_revoked', 'refresh_token_reused', 'invalid_refresh_token', 'reauthentication_required'] as const;

for (const code of OVER) {
  test(`the_code_${code}_signs_out`, async () => {
    const { world, browser, tab } = await signedIn();
    browser.weather = (path) => (path === '/api/refresh' ? { instead: refuse(code) } : {});
    await world.pass(15 * MINUTE);
    assert.deepEqual(tab.client.state, { status: 'signed-out', user: null, reason: code, pending: false });
    assert.equal(await tab.client.token(), null);
  });
}

// The core knows them by their beginnings: no other code of the API may begin so.
test('no_other_code_of_the_server_signs_out', () => {
  const { components } = JSON.parse(readFileSync('../../docs/openapi.json', 'utf8'));
  const codes: ErrorCode[] = components.schemas.ErrorCode.enum;
  assert.deepEqual(
    codes.filter((code) => isSessionOver(code, false)),
    codes.filter((code) => OVER.some((over) => over === code)),
  );
});

for (const status of [400, 403, 404, 429, 500, 502]) {
  test(`a_${status}_from_refresh_signs_no_user_out`, async () => {
    const { world, browser, tab } = await signedIn();
    browser.weather = (path) => (path === '/api/refresh' ? { instead: { status, body: { error: 'no', code: 'whatever' } } } : {});
    await world.pass(60 * MINUTE);
    assert.equal(tab.client.state.status, 'signed-in');
  });
}

test('the_page_of_a_captive_portal_signs_no_user_out', async () => {
  const { world, browser, tab } = await signedIn();
  browser.weather = (path) => (path === '/api/refresh' ? { instead: { status: 200, body: { welcome: 'to our hotel' } } } : {});
  await world.pass(60 * MINUTE);
  assert.deepEqual(tab.client.state.status === 'signed-in' && tab.client.state.offline, true);
});

test('a_missing_cookie_ends_the_session_only_when_the_token_has_ended', async () => {
  const { world, server, browser, tab } = await signedIn();
  browser.cookie = undefined;
  await world.pass(14.9 * MINUTE);
  assert.equal(server.count('/api/refresh'), 1);
  assert.match(tab.sent.at(-1)?.url ?? '', /\/api\/refresh\?if-any$/);
  assert.deepEqual(tab.client.state.status === 'signed-in' && tab.client.state.offline, false);
  await world.pass(MINUTE);
  assert.equal(tab.client.state.status, 'signed-out');
});

// BC-3.
test('a_frozen_lock_holder_delays_the_others_by_two_seconds', async () => {
  const { world, browser } = await signedIn();
  void browser.locks.request('x', () => new Promise(() => {}));
  const second = browser.tab();
  await world.pass(1_900);
  assert.equal(second.client.state.status, 'unknown');
  await world.pass(200);
  assert.equal(second.client.state.status, 'signed-in');
});

test('locks_that_fail_do_not_matter', async () => {
  const world = new World();
  const browser = new Browser(world, new Server(world));
  const broken = { request: () => Promise.reject(new DOMException('no', 'SecurityError')) } as unknown as LockManager;
  const tab = browser.tab({ locks: broken });
  const bare = browser.tab({ locks: undefined, openChannel: () => undefined, storage: undefined });
  await world.pass(100);
  await during(world, 100, tab.client.login('alice', 'correct horse battery'));
  await during(world, 100, bare.client.login('bob', 'staple of the stables'));
  assert.equal(tab.client.user?.username, 'alice');
  assert.equal(bare.client.user?.username, 'bob');
});
