// Showing again who one is, because a service asks for it (RFC 9470): one question, one repeat, all tabs.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createStepUp, type Demand, type ShownAgain, type StepUp } from '../src/step-up/index.ts';
import { during, ORIGIN, refuse, signedIn, type Answer, type Tab } from './world.ts';

const PASSWORD = 'correct horse battery';
const ORDERS = 'https://api.example/orders';

const wants = (parameters: string): Answer => ({
  status: 401,
  headers: { 'WWW-Authenticate': `Bearer realm="api", error="insufficient_user_authentication", error_description="Another sign-in is needed"${parameters}, DPoP realm="api", algs="ES256 EdDSA"` },
});

/** Alice is signed in, and `/orders` is for somebody who has just shown their password again. */
async function shop({ parameters = ', max_age="300"', accepts = true } = {}) {
  const { world, server, browser, tab } = await signedIn();
  /** Sessions whose owner has shown again who they are, and the tokens that say so. */
  const noted = new Set<string>();
  const recent = new Set<string>();
  let shows = 0;
  const sessionOf = (token: string): string => (JSON.parse(atob(token.split('.')[1] ?? '')) as { sid: string }).sid;
  server.own = (route, body) => {
    if (route !== 'POST /api/account/reauthenticate') return undefined;
    shows++;
    if (body['currentPassword'] !== PASSWORD) return { ...refuse('wrong_password'), status: 403 };
    noted.add(browser.cookie?.split('.')[0] ?? '');
    return { status: 204 };
  };
  const answer = server.answer.bind(server);
  const bodies: unknown[] = [];
  server.answer = (path, body, cookie, bearer, method) => {
    if (path === '/orders' && bearer !== null && !recent.has(bearer)) {
      server.log.push(path);
      return wants(parameters);
    }
    if (path === '/orders') bodies.push(body);
    const given = answer(path, body, cookie, bearer, method);
    const token = (given.body as { accessToken?: string } | undefined)?.accessToken;
    if (accepts && path === '/api/refresh' && token !== undefined && noted.has(sessionOf(token))) recent.add(token);
    return given;
  };
  const demands: Demand[] = [];
  const stepUp = (tab: Tab, reauthenticate: (demand: Demand) => Promise<unknown>): StepUp =>
    createStepUp(tab.client, {
      environment: tab.environment,
      reauthenticate: (demand) => {
        demands.push(demand);
        return reauthenticate(demand);
      },
    });
  return { world, server, browser, tab, stepUp, demands, bodies, shows: () => shows };
}

const shows =
  (shown: ShownAgain) =>
  (demand: Demand): Promise<void> =>
    demand.show(shown);
const shown = shows({ currentPassword: PASSWORD });
const forever = (): Promise<void> => new Promise(() => {});
const cancel = async (): Promise<void> => {};

test('somebody_is_asked_once_and_the_request_is_sent_once_more_with_its_body', async () => {
  const { world, server, tab, stepUp, demands, bodies } = await shop();
  const { fetch } = stepUp(tab, shown);
  const before = await tab.client.token();
  const init = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"apples":2}' };
  const response = await during(world, 1_000, fetch(ORDERS, init));
  assert.equal(response.status, 200);
  assert.deepEqual(bodies, [{ apples: 2 }]);
  assert.deepEqual([server.count('/orders'), server.count('/api/refresh'), demands.length], [2, 1, 1]);
  assert.deepEqual({ acrValues: demands[0]?.acrValues, maxAge: demands[0]?.maxAge }, { acrValues: [], maxAge: 300 });
  assert.notEqual(await tab.client.token(), before);
  assert.equal((await during(world, 1_000, fetch(ORDERS))).status, 200);
  assert.equal(demands.length, 1, 'the token is good for the next request too');
});

test('what_is_asked_for_is_read_from_the_challenge', async () => {
  const cases: [parameters: string, acrValues: string[], maxAge: number | undefined][] = [
    ['', [], undefined],
    [', acr_values="aal2"', ['aal2'], undefined],
    [', acr_values="phr aal2", max_age="0"', ['phr', 'aal2'], 0],
    [', max_age=60, acr_values="a\\"b\\\\c"', ['a"b\\c'], 60],
  ];
  for (const [parameters, acrValues, maxAge] of cases) {
    const { world, tab, stepUp, demands } = await shop({ parameters });
    await during(world, 1_000, stepUp(tab, cancel).fetch(ORDERS));
    assert.deepEqual([demands[0]?.acrValues, demands[0]?.maxAge], [acrValues, maxAge], parameters);
  }
});

test('whoever_cancels_gets_the_401_and_nothing_is_sent_again', async () => {
  const { world, server, tab, stepUp } = await shop();
  const response = await during(world, 1_000, stepUp(tab, cancel).fetch(ORDERS));
  assert.equal(response.status, 401);
  assert.match(response.headers.get('WWW-Authenticate') ?? '', /insufficient_user_authentication/);
  assert.deepEqual([server.count('/orders'), server.count('/api/refresh')], [1, 0]);
  assert.equal(tab.client.state.status, 'signed-in');
});

test('requests_at_the_same_time_share_one_question', async () => {
  const { world, server, tab, stepUp, demands, shows } = await shop();
  const { fetch } = stepUp(tab, async (demand) => {
    await world.sleep(5_000);
    await shown(demand);
  });
  const late = world.sleep(2_000).then(() => fetch(ORDERS));
  const responses = await during(world, 10_000, Promise.all([...Array.from({ length: 5 }, () => fetch(ORDERS)), late]));
  assert.deepEqual(responses.map(({ status }) => status), Array.from({ length: 6 }, () => 200));
  assert.deepEqual([demands.length, shows(), server.count('/api/refresh'), server.count('/orders')], [1, 1, 1, 12]);
});

test('a_wrong_password_is_the_pages_to_say_and_the_next_one_may_be_right', async () => {
  const { world, tab, stepUp, demands } = await shop();
  const codes: unknown[] = [];
  const { fetch } = stepUp(tab, async (demand) => {
    await demand.show({ currentPassword: 'wrong' }).catch((error: { code: string }) => codes.push(error.code));
    await shown(demand);
  });
  assert.equal((await during(world, 2_000, fetch(ORDERS))).status, 200);
  assert.deepEqual([codes, demands.length], [['wrong_password'], 1]);
});

test('what_the_page_throws_is_what_its_requests_get', async () => {
  const { world, tab, stepUp } = await shop();
  const { fetch } = stepUp(tab, shows({ currentPassword: 'wrong' }));
  await assert.rejects(during(world, 1_000, fetch(ORDERS)), { name: 'CountersignError', code: 'wrong_password' });
  assert.equal((await during(world, 1_000, stepUp(tab, shown).fetch(ORDERS))).status, 200, 'the next one asks anew');
});

test('a_service_that_is_never_content_is_asked_twice_and_no_more', async () => {
  const { world, server, tab, stepUp, demands } = await shop({ accepts: false });
  const response = await during(world, 2_000, stepUp(tab, shown).fetch(ORDERS));
  assert.equal(response.status, 401);
  assert.deepEqual([server.count('/orders'), demands.length], [2, 1]);
});

test('another_tab_takes_the_token_over_and_asks_nobody', async () => {
  const { world, browser, server, tab, stepUp, demands } = await shop();
  const other = browser.tab();
  await world.pass(100);
  await during(world, 1_000, stepUp(tab, shown).fetch(ORDERS));
  assert.equal((await during(world, 1_000, stepUp(other, forever).fetch(ORDERS))).status, 200);
  assert.equal(demands.length, 1);
  assert.equal(server.count('/orders'), 3);
});

test('a_401_that_arrives_after_another_tab_has_asked_asks_nobody', async () => {
  const { world, browser, tab, stepUp, demands } = await shop();
  const other = browser.tab();
  await world.pass(100);
  let isFirst = true;
  browser.weather = (path) => {
    const isLate = path === '/orders' && isFirst;
    if (path === '/orders') isFirst = false;
    return isLate ? { backMs: 3_000 } : {};
  };
  const late = stepUp(other, forever).fetch(ORDERS);
  await world.pass(100);
  await during(world, 1_000, stepUp(tab, shown).fetch(ORDERS));
  assert.equal((await during(world, 5_000, late)).status, 200);
  assert.equal(demands.length, 1);
});

test('a_refresh_that_fails_after_the_code_was_used_is_made_again_without_it', async () => {
  const { world, browser, tab, stepUp, shows } = await shop();
  let isOn = false;
  let refreshes = 0;
  browser.weather = (path) => {
    if (path === '/api/refresh') refreshes++;
    return path === '/api/refresh' && !isOn ? { instead: { status: 503, body: { error: 'x', code: 'unavailable' } } } : {};
  };
  const codes: unknown[] = [];
  const { fetch } = stepUp(tab, async (demand) => {
    await shown(demand).catch((error: { code: string }) => codes.push(error.code));
    isOn = true;
    await shown(demand);
  });
  assert.equal((await during(world, 2_000, fetch(ORDERS))).status, 200);
  assert.deepEqual([codes, shows(), refreshes], [['unavailable'], 1, 2]);
});

test('a_lost_response_of_the_refresh_is_asked_for_again', async () => {
  const { world, server, browser, tab, stepUp } = await shop();
  await world.pass(20_000);
  let refreshes = 0;
  browser.weather = (path) => (path === '/api/refresh' && ++refreshes === 1 ? { lose: 'reply' } : {});
  assert.equal((await during(world, 10_000, stepUp(tab, shown).fetch(ORDERS))).status, 200);
  assert.equal(server.count('/api/refresh'), 2);
});

test('a_sign_out_while_somebody_is_asked_stays_one', async () => {
  const { world, browser, tab, stepUp } = await shop();
  browser.weather = (path) => (path === '/api/refresh' ? { backMs: 1_000 } : {});
  const { fetch } = stepUp(tab, shown);
  const response = fetch(ORDERS);
  response.catch(() => {});
  await world.pass(300);
  await during(world, 5_000, tab.client.logout());
  await assert.rejects(during(world, 5_000, response), { name: 'CountersignError' });
  assert.equal(tab.client.state.status, 'signed-out');
});

test('a_request_with_an_authorization_of_its_own_asks_nobody', async () => {
  const { world, tab, stepUp, demands } = await shop();
  const response = await during(world, 1_000, stepUp(tab, forever).fetch(`${ORIGIN}/orders`, { headers: { Authorization: 'Bearer x' } }));
  assert.deepEqual([response.status, demands.length], [401, 0]);
});

test('no_other_response_asks_anybody', async () => {
  const { world, browser, tab, stepUp, demands } = await shop();
  const { fetch } = stepUp(tab, forever);
  for (const instead of [{ ...wants(''), status: 403 }, { status: 401, headers: { 'WWW-Authenticate': 'Bearer error="insufficient_scope"' } }, { status: 401 }, { status: 200 }]) {
    browser.weather = (path) => (path === '/orders' ? { instead } : {});
    assert.equal((await during(world, 1_000, fetch(ORDERS))).status, instead.status);
  }
  assert.deepEqual(demands, []);
});

test('two_different_demands_are_asked_for_one_after_the_other', async () => {
  const { world, browser, tab, stepUp, demands } = await shop({ accepts: false });
  browser.weather = (path) => (path === '/keys' ? { instead: wants(', acr_values="aal2"') } : {});
  let open = 0;
  let most = 0;
  const { fetch } = stepUp(tab, async (demand) => {
    most = Math.max(most, ++open);
    await shown(demand);
    open--;
  });
  const responses = await during(world, 5_000, Promise.all([fetch(ORDERS), fetch('https://api.example/keys')]));
  assert.deepEqual(responses.map(({ status }) => status), [401, 401]);
  assert.deepEqual(demands.map(({ acrValues, maxAge }) => [acrValues, maxAge]), [[[], 300], [['aal2'], undefined]]);
  assert.equal(most, 1);
});
