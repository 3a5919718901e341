import assert from 'node:assert/strict';
import { test } from 'node:test';
import { during, signedIn, type Tab } from './world.ts';

const PROFILE = 'https://app.example/api/profile';

function authorizations(tab: Tab, path: string): (string | null)[] {
  return tab.sent.filter((request) => request.url.includes(path)).map((request) => request.headers.get('Authorization'));
}

test('our_own_and_configured_origins_get_the_token_and_no_other', async () => {
  const { world, tab } = await signedIn();
  const token = await tab.client.token();
  for (const url of [PROFILE, 'https://api.example/orders', 'https://evil.example/x', 'https://api.example.evil.example/x', 'http://app.example/x']) {
    await during(world, 100, tab.client.fetch(url));
  }
  assert.deepEqual(
    tab.sent.slice(-5).map((request) => [new URL(request.url).origin, request.headers.get('Authorization')]),
    [
      ['https://app.example', `Bearer ${token}`],
      ['https://api.example', `Bearer ${token}`],
      ['https://evil.example', null],
      ['https://api.example.evil.example', null],
      ['http://app.example', null],
    ],
  );
});

test('a_header_that_the_app_has_set_is_left_alone', async () => {
  const { world, tab } = await signedIn();
  await during(world, 100, tab.client.fetch('https://api.example/x', { headers: { Authorization: 'Basic eA==' } }));
  assert.deepEqual(authorizations(tab, '/x'), ['Basic eA==']);
});

test('a_visitors_request_passes_without_a_token', async () => {
  const { world, tab } = await signedIn();
  await during(world, 100, tab.client.logout());
  const response = await during(world, 100, tab.client.fetch('https://app.example/public'));
  assert.equal(response.status, 401);
  assert.deepEqual(authorizations(tab, '/public'), [null]);
});

test('a_refused_token_is_renewed_once_and_the_request_sent_once_more_with_its_body', async () => {
  const { world, server, browser, tab } = await signedIn();
  await world.pass(60_000);
  let refusals = 0;
  browser.weather = (path) =>
    path === '/orders' && ++refusals === 1 ? { instead: { status: 401, headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' } } } : {};
  const response = await during(world, 500, tab.client.fetch('https://api.example/orders', { method: 'POST', body: 'two apples' }));
  assert.equal(response.status, 200);
  assert.equal(server.count('/api/refresh'), 1);
  const sent = tab.sent.filter((request) => request.url.endsWith('/orders'));
  assert.deepEqual(await Promise.all(sent.map((request) => request.text())), ['two apples', 'two apples']);
  assert.notEqual(...(authorizations(tab, '/orders') as [string, string]));
});

test('an_api_that_refuses_every_token_is_asked_twice_and_no_more', async () => {
  const { world, server, browser, tab } = await signedIn();
  browser.weather = (path) => (path === '/orders' ? { instead: { status: 401 } } : {});
  const response = await during(world, 500, tab.client.fetch('https://api.example/orders'));
  assert.equal(response.status, 401);
  assert.equal(authorizations(tab, '/orders').length, 2);
  assert.equal(server.count('/api/refresh'), 1);
  assert.equal(tab.client.state.status, 'signed-in');
});

// Our own server says the third where it takes the token and refuses a passkey or a code.
for (const challenge of ['Bearer error="insufficient_user_authentication"', 'Bearer realm="x", error="insufficient_scope"', 'Bearer realm="api"']) {
  test(`a_401_that_no_new_token_cures_passes_through (${challenge})`, async () => {
    const { world, server, browser, tab } = await signedIn();
    browser.weather = (path) => (path === '/orders' ? { instead: { status: 401, headers: { 'WWW-Authenticate': challenge } } } : {});
    assert.equal((await during(world, 500, tab.client.fetch('https://api.example/orders'))).status, 401);
    assert.equal(authorizations(tab, '/orders').length, 1);
    assert.equal(server.count('/api/refresh'), 0);
  });
}

for (const status of [200, 403, 404, 500]) {
  test(`a_${status}_passes_through`, async () => {
    const { world, server, browser, tab } = await signedIn();
    browser.weather = (path) => (path === '/orders' ? { instead: { status } } : {});
    assert.equal((await during(world, 500, tab.client.fetch('https://api.example/orders'))).status, status);
    assert.equal(server.count('/api/refresh'), 0);
  });
}

test('thirty_requests_with_an_expired_token_make_one_refresh', async () => {
  const { world, server, tab } = await signedIn();
  tab.visible = false;
  await world.pass(20 * 60_000);
  const responses = await during(world, 500, Promise.all(Array.from({ length: 30 }, () => tab.client.fetch(PROFILE))));
  assert.deepEqual(new Set(responses.map((response) => response.status)), new Set([200]));
  assert.equal(server.count('/api/refresh'), 1);
  assert.equal(server.count('/api/profile'), 30);
});

test('a_request_made_before_the_session_is_restored_waits_for_it', async () => {
  const { world, browser, tab } = await signedIn();
  tab.client.dispose();
  const reloaded = browser.tab();
  assert.equal((await during(world, 500, reloaded.client.fetch(PROFILE))).status, 200);
});

test('an_aborted_request_is_aborted', async () => {
  const { world, tab } = await signedIn();
  const abort = new AbortController();
  abort.abort();
  await assert.rejects(during(world, 500, tab.client.fetch(PROFILE, { signal: abort.signal })), { name: 'AbortError' });
});
