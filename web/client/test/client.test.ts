import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClient, type AuthState } from '../src/index.ts';
import { ALICE, BOB, Browser, during, Server, signedIn, World } from './world.ts';

test('a_visitor_is_signed_out_without_a_reason', async () => {
  const world = new World();
  const tab = new Browser(world, new Server(world)).tab();
  assert.equal(tab.client.state.status, 'unknown');
  await during(world, 100, tab.client.ready);
  assert.deepEqual(tab.client.state, { status: 'signed-out', user: null, pending: false });
});

test('login_returns_the_user_and_tells_the_subscribers', async () => {
  const world = new World();
  const tab = new Browser(world, new Server(world)).tab();
  const states: AuthState[] = [];
  tab.client.subscribe((state) => states.push(state));
  await world.pass(100);
  assert.deepEqual(await during(world, 100, tab.client.login('alice', 'correct horse battery')), ALICE);
  assert.deepEqual(states.map((state) => state.status), ['signed-out', 'signed-in']);
  assert.equal(tab.client.state, states[1], 'the state is the same object until it changes');
});

test('a_listener_that_throws_breaks_nothing', async (context) => {
  const world = new World();
  const tab = new Browser(world, new Server(world)).tab();
  let heard = 0;
  const thrown: unknown[] = [];
  // The test runner counts uncaught errors as failures, so this test catches them where they arise.
  const plain = globalThis.queueMicrotask;
  context.mock.method(globalThis, 'queueMicrotask', (task: () => void) =>
    plain(() => {
      try {
        task();
      } catch (error) {
        thrown.push(error);
      }
    }),
  );
  tab.client.subscribe(() => {
    throw new Error('of the app');
  });
  tab.client.subscribe(() => heard++);
  await world.pass(100);
  await during(world, 100, tab.client.login('alice', 'correct horse battery'));
  assert.equal(heard, 2);
  assert.equal(thrown.length, 2);
  assert.equal(tab.client.user?.username, 'alice');
});

test('a_page_that_was_away_asks_at_once_whether_the_session_still_lives', async () => {
  const { world, server, tab } = await signedIn();
  const session = server.sessions.get('s1');
  assert.ok(session);
  session.over = 'session_revoked';
  tab.wake(true);
  await world.pass(100);
  assert.equal(tab.client.state.status, 'signed-out');
});

test('an_unsubscribed_listener_hears_nothing', async () => {
  const world = new World();
  const tab = new Browser(world, new Server(world)).tab();
  let heard = 0;
  const leave = tab.client.subscribe(() => heard++);
  leave();
  await world.pass(100);
  assert.equal(heard, 0);
});

test('a_wrong_password_is_an_error_with_a_code_and_leaves_the_state_alone', async () => {
  const world = new World();
  const tab = new Browser(world, new Server(world)).tab();
  await world.pass(100);
  const before = tab.client.state;
  await assert.rejects(during(world, 100, tab.client.login('alice', 'wrong')), {
    name: 'CountersignError',
    code: 'invalid_credentials',
    status: 401,
  });
  assert.equal(tab.client.state, before);
});

test('a_new_password_goes_along_with_a_login_when_there_is_one', async () => {
  const world = new World();
  const bodies: string[] = [];
  const refuses: typeof fetch = (url, init) => {
    if (String(url).endsWith('/api/login')) bodies.push(String(init?.body));
    return Promise.resolve(Response.json({ error: 'x', code: 'password_change_required' }, { status: 403 }));
  };
  const tab = new Browser(world, new Server(world)).tab({ fetch: refuses });
  for (const more of [[], ['staple of the batteries']]) {
    await assert.rejects(during(world, 100, tab.client.login('alice', 'x', ...more)), { code: 'password_change_required', status: 403 });
  }
  assert.deepEqual(bodies, ['{"username":"alice","password":"x"}', '{"username":"alice","password":"x","newPassword":"staple of the batteries"}']);
});

test('an_account_that_is_to_be_deleted_says_when_and_is_kept_on_demand', async () => {
  const world = new World();
  const bodies: string[] = [];
  const refuses: typeof fetch = (url, init) => {
    if (String(url).endsWith('/api/login')) bodies.push(String(init?.body));
    return Promise.resolve(Response.json({ error: 'x', code: 'deletion_pending', deletionAt: '2026-12-14T00:00:00.000Z' }, { status: 403 }));
  };
  const tab = new Browser(world, new Server(world)).tab({ fetch: refuses });
  for (const keepAccount of [false, true]) {
    const told = { code: 'deletion_pending', status: 403, body: { error: 'x', code: 'deletion_pending', deletionAt: '2026-12-14T00:00:00.000Z' } };
    await assert.rejects(during(world, 100, tab.client.login('alice', 'x', undefined, keepAccount)), told);
  }
  assert.deepEqual(bodies, ['{"username":"alice","password":"x","keepAccount":false}', '{"username":"alice","password":"x","keepAccount":true}']);
});

test('too_many_attempts_say_when_to_come_back', async () => {
  const world = new World();
  const browser = new Browser(world, new Server(world));
  const tab = browser.tab();
  await world.pass(100);
  const instead = { status: 429, body: { error: 'Too many attempts', code: 'too_many_attempts' }, headers: { 'Retry-After': '7' } };
  browser.weather = () => ({ instead });
  await assert.rejects(during(world, 100, tab.client.login('alice', 'x')), { code: 'too_many_attempts', status: 429, retryAfterMs: 7_000 });
});

test('a_proxys_error_page_is_an_unexpected_response', async () => {
  const world = new World();
  const browser = new Browser(world, new Server(world));
  const tab = browser.tab({ fetch: () => Promise.resolve(new Response('<h1>Bad gateway</h1>', { status: 502 })) });
  await assert.rejects(during(world, 100, tab.client.login('alice', 'x')), { code: 'unexpected_response', status: 502 });
});

test('a_login_without_a_response_ends_after_twenty_seconds', async () => {
  const world = new World();
  const browser = new Browser(world, new Server(world));
  const tab = browser.tab();
  await world.pass(100);
  browser.weather = () => ({ lose: 'request' });
  await assert.rejects(during(world, 20_001, tab.client.login('alice', 'x')), { code: 'timeout', status: 0 });
});

test('a_reload_restores_the_session_from_the_cookie', async () => {
  const { world, browser, tab } = await signedIn();
  tab.client.dispose();
  const reloaded = browser.tab();
  const state = await during(world, 100, reloaded.client.ready);
  assert.deepEqual(state, { status: 'signed-in', user: ALICE, offline: false });
});

test('a_reload_without_a_connection_is_unknown_and_restores_later', async () => {
  const { world, browser, tab } = await signedIn();
  tab.client.dispose();
  browser.online = false;
  const reloaded = browser.tab();
  assert.deepEqual(await during(world, 1_000, reloaded.client.ready), { status: 'unknown', user: null, offline: true });
  browser.online = true;
  reloaded.wake(true);
  await world.pass(100);
  assert.equal(reloaded.client.user?.username, 'alice');
});

test('a_page_that_loads_during_an_outage_restores_by_itself', async () => {
  const { world, browser, tab } = await signedIn();
  tab.client.dispose();
  browser.weather = () => ({ instead: { status: 503, body: {} } });
  const reloaded = browser.tab();
  reloaded.visible = false;
  await world.pass(10_000);
  browser.weather = () => ({});
  await world.pass(31_000);
  assert.equal(reloaded.client.user?.username, 'alice');
});

// BC-5.
test('the_other_tabs_hear_of_a_login_a_new_token_and_a_logout', async () => {
  const world = new World();
  const server = new Server(world);
  const browser = new Browser(world, server);
  const tabs = [browser.tab({ random: () => 0 }), browser.tab(), browser.tab({ random: () => 1 })] as const;
  await world.pass(500);
  await during(world, 100, tabs[0].client.login('alice', 'correct horse battery'));
  assert.deepEqual(tabs.map((tab) => tab.client.user?.username), ['alice', 'alice', 'alice']);
  server.log.length = 0;
  await world.pass(15 * 60_000);
  assert.equal(server.count('/api/refresh'), 1, 'one refresh serves all tabs');
  const tokens = tabs.map((tab) => tab.client.token());
  assert.equal(new Set(await Promise.all(tokens)).size, 1);
  await during(world, 100, tabs[1].client.logout());
  assert.deepEqual(tabs.map((tab) => tab.client.state.status), ['signed-out', 'signed-out', 'signed-out']);
});

test('another_user_in_one_tab_is_that_user_in_all', async () => {
  const { world, browser, tab } = await signedIn();
  const other = browser.tab();
  await world.pass(100);
  await during(world, 100, other.client.login('bob', 'staple of the stables'));
  assert.deepEqual(tab.client.user, BOB);
});

test('a_reply_that_arrives_after_logout_does_not_sign_in_again', async () => {
  const { world, browser, tab } = await signedIn();
  const other = browser.tab({ locks: undefined });
  await world.pass(20_000);
  browser.weather = (path) => (path === '/api/refresh' ? { backMs: 3_000 } : {});
  other.wallOffsetMs = 3_600_000;
  other.wake();
  await world.pass(100);
  void tab.client.logout();
  await world.pass(10_000);
  assert.equal(other.client.state.status, 'signed-out');
  assert.equal(tab.client.state.status, 'signed-out');
});

test('late_news_of_an_ended_session_is_not_believed', async () => {
  const world = new World();
  const browser = new Browser(world, new Server(world));
  const tab = browser.tab();
  await world.pass(100);
  await during(world, 100, tab.client.login('alice', 'correct horse battery'));
  const token = (await tab.client.token()) ?? '';
  await during(world, 100, tab.client.logout());
  const straggler = browser.openChannel('countersign:https://app.example/', () => false);
  straggler.postMessage({ token, user: ALICE, remainingMs: 900_000 });
  await world.pass(100);
  assert.equal(tab.client.state.status, 'signed-out');
});

test('logout_reaches_a_tab_that_was_frozen_when_it_wakes', async () => {
  const { world, browser, tab } = await signedIn();
  const other = browser.tab();
  await world.pass(100);
  other.frozen = true;
  await during(world, 100, tab.client.logout());
  assert.equal(other.client.state.status, 'signed-in');
  other.frozen = false;
  const response = await during(world, 100, other.client.fetch('https://app.example/api/profile'));
  assert.equal(response.status, 401);
  assert.equal(other.client.state.status, 'signed-out');
});

test('logout_everywhere_ends_the_sessions_of_other_browsers', async () => {
  const { world, server, tab } = await signedIn();
  const phone = new Browser(world, server).tab();
  await world.pass(100);
  await during(world, 100, phone.client.login('alice', 'correct horse battery'));
  assert.deepEqual(await during(world, 100, tab.client.logout({ everywhere: true })), { revoked: true });
  await during(world, 100, phone.client.fetch('https://app.example/api/profile'));
  assert.deepEqual(phone.client.state, { status: 'signed-out', user: null, reason: 'session_revoked', pending: false });
});

// BC-5.
test('a_logout_without_a_connection_says_so_and_is_told_later', async () => {
  const { world, server, browser, tab } = await signedIn();
  const other = browser.tab();
  await world.pass(100);
  browser.online = false;
  assert.deepEqual(await during(world, 1_000, tab.client.logout()), { revoked: false });
  assert.deepEqual(tab.client.state, { status: 'signed-out', user: null, reason: 'logout', pending: true });
  assert.equal(other.client.state.status, 'signed-out');
  assert.equal(server.sessions.get('s1')?.over, undefined);
  browser.online = true;
  tab.wake(true);
  await world.pass(100);
  assert.equal(server.sessions.get('s1')?.over, 'session_revoked');
  assert.deepEqual(tab.client.state, { status: 'signed-out', user: null, reason: 'logout', pending: false });
});

test('a_reload_after_a_logout_without_a_connection_does_not_sign_in_again', async () => {
  const { world, server, browser, tab } = await signedIn();
  browser.online = false;
  await during(world, 1_000, tab.client.logout());
  tab.client.dispose();
  browser.online = true;
  const reloaded = browser.tab();
  await during(world, 1_000, reloaded.client.ready);
  assert.equal(reloaded.client.state.status, 'signed-out');
  assert.equal(server.count('/api/refresh'), 0);
  assert.equal(server.sessions.get('s1')?.over, 'session_revoked');
  assert.equal(browser.storage.size, 0);
});

test('an_unavailable_server_hears_of_the_logout_when_it_is_back', async () => {
  const { world, server, browser, tab } = await signedIn();
  browser.weather = () => ({ instead: { status: 503, body: { error: 'x', code: 'unavailable' } } });
  assert.deepEqual(await during(world, 1_000, tab.client.logout()), { revoked: false });
  browser.weather = () => ({});
  await world.pass(15_000);
  assert.equal(server.sessions.get('s1')?.over, 'session_revoked');
});

test('a_new_sign_in_is_not_ended_by_an_earlier_logout', async () => {
  const { world, server, browser, tab } = await signedIn();
  browser.weather = (path) => (path === '/api/logout' ? { instead: { status: 503, body: {} } } : {});
  await during(world, 1_000, tab.client.logout());
  await during(world, 1_000, tab.client.login('bob', 'staple of the stables'));
  browser.weather = () => ({});
  tab.wake(true);
  await world.pass(60_000);
  assert.deepEqual(tab.client.user, BOB);
  assert.equal(server.count('/api/logout'), 0);
  assert.equal(browser.storage.size, 0);
});

// BC-1.
test('the_only_thing_in_storage_is_a_pending_logout', async () => {
  const { world, browser, tab } = await signedIn();
  assert.equal(browser.storage.size, 0);
  browser.online = false;
  await during(world, 1_000, tab.client.logout({ everywhere: true }));
  assert.deepEqual([...browser.storage.values()], ['everywhere']);
});

test('a_disposed_client_asks_no_more', async () => {
  const { world, browser, tab } = await signedIn();
  const before = tab.sent.length;
  tab.client.dispose();
  browser.tab();
  await world.pass(60 * 60_000);
  assert.equal(tab.sent.length, before);
});

test('outside_a_browser_nothing_is_restored', async () => {
  let asked = 0;
  const environment = { page: undefined, fetch: () => Promise.reject(new Error(`request ${++asked}`)) };
  const client = createClient({ baseUrl: 'https://id.example', environment });
  assert.deepEqual(await client.ready, { status: 'unknown', user: null, offline: false });
  assert.equal(asked, 0);
  client.dispose();
});

test('a_revoked_session_is_told_to_all_tabs', async () => {
  const { world, server, browser, tab } = await signedIn();
  const other = browser.tab();
  await world.pass(100);
  const session = server.sessions.get('s1');
  assert.ok(session);
  session.over = 'session_revoked';
  await during(world, 100, tab.client.fetch('https://app.example/api/profile'));
  assert.equal(tab.client.state.status, 'signed-out');
  assert.equal(other.client.state.status, 'signed-out');
});
