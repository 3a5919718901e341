// The second module: what people do for their own account.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { createSelfService, type SelfService } from '../src/account/index.ts';
import { ALICE, BOB, Browser, during, ORIGIN, refuse, Server, signedIn, World, type Answer, type Tab } from './world.ts';

const TOKEN = 'q'.repeat(42) + '_';
const WAITING: Answer = { status: 202, body: { status: 'waiting' }, headers: { 'Retry-After': '1' } };

function serviceOf(tab: Tab): SelfService {
  return createSelfService(tab.client, { environment: tab.environment });
}

type Said = [route: string, body: Record<string, unknown>];

/** A visitor, and what the server heard of routes that need nobody. */
async function visitor(answer: (route: string, body: Record<string, unknown>, server: Server) => Answer | undefined) {
  const world = new World();
  const server = new Server(world);
  const said: Said[] = [];
  server.anybody = (route, body) => {
    const given = answer(route, body, server);
    if (given) said.push([route, body]);
    return given;
  };
  const browser = new Browser(world, server);
  const tab = browser.tab();
  await world.pass(100);
  return { world, server, browser, tab, said, account: serviceOf(tab) };
}

/** Signed in as Alice, and what the server heard of routes that need that. */
async function owner(answer: (route: string, body: Record<string, unknown>) => Answer | undefined) {
  const said: Said[] = [];
  const { world, server, browser, tab } = await signedIn();
  server.own = (route, body) => {
    const given = answer(route, body);
    if (given) said.push([route, body]);
    return given;
  };
  return { world, server, browser, tab, said, account: serviceOf(tab) };
}

const started = (more: object = {}): Answer => ({ status: 202, body: { expiresIn: 600, ...more } });
const mailOnly = (route: string): Answer | undefined => (route === 'POST /api/email/start' ? started({ digits: '42' }) : undefined);

test('each_mail_is_asked_for_with_its_purpose', async () => {
  const { world, account, said } = await visitor(mailOnly);
  for (const ask of [account.register, account.sendVerification, account.forgotPassword]) {
    assert.equal((await during(world, 100, ask('ada@example.org'))).expiresIn, 600);
  }
  const mail = await during(world, 100, account.signInByMail('ada@example.org', { captcha: 'seen' }));
  assert.deepEqual([mail.digits, mail.expiresIn], ['42', 600]);
  const address = 'ada@example.org';
  assert.deepEqual(said.map(([, body]) => body), [
    { purpose: 'register', address },
    { purpose: 'verify', address },
    { purpose: 'reset', address },
    { purpose: 'sign_in', address, captcha: 'seen' },
  ]);
});

test('the_work_that_is_demanded_is_done_and_what_is_asked_for_goes_along', async () => {
  const difficulty = 9;
  const { world, account, said } = await visitor((route, { proof }) => {
    if (route !== 'POST /api/email/start') return undefined;
    const isDone = typeof proof === 'string' && proof.startsWith('c.') && Math.clz32(createHash('sha256').update(proof).digest().readUInt32BE(0)) >= difficulty;
    return isDone ? started() : { ...refuse('proof_required'), status: 403, body: { error: 'x', code: 'proof_required', challenge: 'c', difficulty } };
  });
  await during(world, 1_000, account.forgotPassword('ada@example.org'));
  assert.deepEqual(said.map(([, body]) => [body['purpose'], body['address'], typeof body['proof']]), [
    ['reset', 'ada@example.org', 'undefined'],
    ['reset', 'ada@example.org', 'string'],
  ]);
});

test('work_that_is_never_enough_is_given_up', async () => {
  const demand = { status: 403, body: { error: 'x', code: 'proof_required', challenge: 'c', difficulty: 1 } };
  const { world, account, said } = await visitor((route) => (route === 'POST /api/email/start' ? demand : undefined));
  await assert.rejects(during(world, 5_000, account.register('ada@example.org')), { code: 'proof_required', status: 403 });
  assert.equal(said.length, 4);
});

test('a_code_is_read_as_people_type_it_and_a_link_as_they_copy_it', async () => {
  const { world, account, said } = await visitor((route) => (route === 'POST /api/email/confirm' ? { status: 204 } : undefined));
  for (const code of ['12345678', ' 1234 5678 ', '1234\u00a05678', '12-34-56-78', '1234\u20135678']) await during(world, 100, account.verifyEmail(code));
  for (const link of [TOKEN, ` https://id.example.com/auth/m/${TOKEN}\n`]) await during(world, 100, account.verifyEmail(link));
  assert.deepEqual(said.map(([, body]) => body), [...Array<object>(5).fill({ code: '12345678' }), { token: TOKEN }, { token: TOKEN }]);
  for (const text of ['', '1234567', '123456789', '1234567a', `${TOKEN}x`, `https://id.example.com/m/${TOKEN}/x`]) {
    await assert.rejects(during(world, 100, account.verifyEmail(text)), { name: 'CountersignError', code: 'not_a_code', status: 0 });
  }
  assert.equal(said.length, 7, 'what is no code costs no try');
});

test('a_reset_and_a_registration_say_what_they_are_for', async () => {
  const { world, account, said, tab } = await visitor((route) => (route === 'POST /api/email/confirm' ? { status: 204 } : undefined));
  await during(world, 100, account.resetPassword('12345678', 'rain over the meadow'));
  await during(world, 100, account.finishRegistration(TOKEN, 'ada', 'rain over the meadow'));
  assert.deepEqual(said.map(([, body]) => body), [
    { code: '12345678', newPassword: 'rain over the meadow' },
    { token: TOKEN, username: 'ada', newPassword: 'rain over the meadow' },
  ]);
  assert.equal(tab.client.state.status, 'signed-out');
});

test('a_failure_is_the_error_of_the_core_with_what_the_server_says', async () => {
  const refusal = { status: 429, body: { error: 'too many mails', code: 'too_many_mails' }, headers: { 'Retry-After': '7' } };
  const { world, account, browser } = await visitor((route) => (route === 'POST /api/email/start' ? refusal : undefined));
  await assert.rejects(during(world, 100, account.register('ada@example.org')), {
    name: 'CountersignError', code: 'too_many_mails', message: 'too many mails', status: 429, retryAfterMs: 7_000, body: refusal.body,
  });
  browser.weather = () => ({ instead: { status: 502 } });
  await assert.rejects(during(world, 100, account.register('ada@example.org')), { code: 'unexpected_response', status: 502 });
  browser.weather = () => ({ instead: { status: 200, body: { hello: 'from the hotel' } } });
  await assert.rejects(during(world, 100, account.register('ada@example.org')), { code: 'unexpected_response', status: 0 });
  browser.weather = () => ({ lose: 'request' });
  await assert.rejects(during(world, 20_001, account.register('ada@example.org')), { code: 'timeout', status: 0 });
  browser.online = false;
  await assert.rejects(during(world, 100, account.register('ada@example.org')), { code: 'network', status: 0 });
});

const byMail =
  (confirm: (body: Record<string, unknown>, server: Server) => Answer, poll: (body: Record<string, unknown>, server: Server) => Answer) =>
  (route: string, body: Record<string, unknown>, server: Server): Answer | undefined => {
    if (route === 'POST /api/email/confirm') return confirm(body, server);
    if (route === 'POST /api/email/poll') return poll(body, server);
    return mailOnly(route);
  };

test('a_sign_in_by_code_is_one_of_all_tabs_and_its_token_is_renewed', async () => {
  const { world, server, browser, tab, account } = await visitor(byMail((_, server) => server.begin(ALICE), () => WAITING));
  const other = browser.tab({ random: () => 1 });
  await world.pass(100);
  const mail = await during(world, 100, account.signInByMail('ada@example.org'));
  assert.deepEqual(await during(world, 100, mail.withCode('1234 5678')), ALICE);
  assert.deepEqual([tab, other].map(({ client }) => client.user), [ALICE, ALICE]);
  server.log.length = 0;
  await world.pass(15 * 60_000);
  assert.equal(server.count('/api/refresh'), 1, 'one refresh serves all tabs');
  const response = await during(world, 100, other.client.fetch(`${ORIGIN}/api/profile`));
  assert.equal(response.status, 200);
});

test('a_sign_in_by_mail_is_not_ended_by_an_earlier_logout', async () => {
  const { world, server, browser, tab, account } = await visitor(byMail((_, server) => server.begin(BOB), () => WAITING));
  await during(world, 100, tab.client.login('alice', 'correct horse battery'));
  browser.weather = (path) => (path === '/api/logout' ? { instead: { status: 503, body: {} } } : {});
  await during(world, 1_000, tab.client.logout());
  const mail = await during(world, 100, account.signInByMail('bob@example.org'));
  await during(world, 100, mail.withCode('12345678'));
  browser.weather = () => ({});
  await world.pass(60_000);
  assert.deepEqual(tab.client.user, BOB);
  assert.equal(server.count('/api/logout'), 0);
});

test('a_wrong_code_leaves_the_state_alone', async () => {
  const { world, tab, account } = await visitor(byMail(() => ({ ...refuse('ticket_invalid'), status: 400 }), () => WAITING));
  const mail = await during(world, 100, account.signInByMail('ada@example.org'));
  const before = tab.client.state;
  await assert.rejects(during(world, 100, mail.withCode('12345678')), { code: 'ticket_invalid', status: 400 });
  assert.equal(tab.client.state, before);
});

test('a_browser_waits_until_it_is_let_go_on_whatever_the_network_does', async () => {
  let isAllowed = false;
  const { world, server, browser, tab, account } = await visitor(byMail(() => WAITING, (_, server) => (isAllowed ? server.begin(ALICE) : WAITING)));
  const other = browser.tab();
  await world.pass(100);
  const mail = await during(world, 100, account.signInByMail('ada@example.org'));
  const signedIn = mail.whenAllowed();
  await world.pass(20_000);
  const asked = server.count('/api/email/poll');
  assert.ok(asked >= 8 && asked <= 11, `asked ${asked} times in 20 seconds`);
  browser.online = false;
  await world.pass(10_000);
  browser.online = true;
  browser.weather = () => ({ instead: { status: 503, body: { error: 'x', code: 'unavailable' } } });
  await world.pass(10_000);
  browser.weather = () => ({ instead: { status: 200 } });
  await world.pass(10_000);
  browser.weather = () => ({});
  isAllowed = true;
  assert.deepEqual(await during(world, 3_000, signedIn), ALICE);
  assert.deepEqual([tab, other].map(({ client }) => client.user), [ALICE, ALICE]);
});

test('a_server_that_is_asked_too_often_is_left_alone_for_as_long_as_it_says', async () => {
  const busy: Answer = { status: 429, body: { error: 'x', code: 'too_many_attempts' }, headers: { 'Retry-After': '30' } };
  const { world, server, account } = await visitor(byMail(() => WAITING, () => busy));
  const mail = await during(world, 100, account.signInByMail('ada@example.org'));
  mail.whenAllowed().catch(() => {});
  await world.pass(29_000);
  assert.equal(server.count('/api/email/poll'), 1);
});

test('waiting_ends_with_the_mail_and_when_it_is_aborted', async () => {
  const { world, server, account } = await visitor(byMail(() => WAITING, () => WAITING));
  const mail = await during(world, 100, account.signInByMail('ada@example.org'));
  await assert.rejects(during(world, 600_000, mail.whenAllowed()), { name: 'CountersignError', code: 'ticket_invalid' });
  const another = await during(world, 100, account.signInByMail('ada@example.org'));
  const stop = new AbortController();
  const waits = another.whenAllowed({ signal: stop.signal });
  waits.catch(() => {});
  await world.pass(5_000);
  stop.abort(new Error('of the app'));
  await assert.rejects(waits, { message: 'of the app' });
  const asked = server.count('/api/email/poll');
  await world.pass(20_000);
  assert.equal(server.count('/api/email/poll'), asked);
});

test('what_else_a_sign_in_wants_is_said_on_demand', async () => {
  const needs = ({ newPassword, keepAccount }: Record<string, unknown>, server: Server): Answer => {
    if (keepAccount !== true) return { status: 403, body: { error: 'x', code: 'deletion_pending', deletionAt: '2026-12-14T00:00:00.000Z' } };
    return newPassword === undefined ? { ...refuse('password_change_required'), status: 403 } : server.begin(ALICE);
  };
  for (const how of ['code', 'wait'] as const) {
    const { world, account, tab } = await visitor(byMail(needs, needs));
    const mail = await during(world, 100, account.signInByMail('ada@example.org'));
    const goOn = (wishes: { keepAccount?: boolean; newPassword?: string }) => during(world, 100, how === 'code' ? mail.withCode('12345678', wishes) : mail.whenAllowed(wishes));
    await assert.rejects(goOn({}), { code: 'deletion_pending', status: 403 });
    await assert.rejects(goOn({ keepAccount: true }), { code: 'password_change_required', status: 403 });
    assert.deepEqual(await goOn({ keepAccount: true, newPassword: 'rain over the meadow' }), ALICE);
    assert.deepEqual(tab.client.user, ALICE);
  }
});

test('waiting_ends_when_another_tab_is_signed_in_and_not_because_of_an_earlier_session', async () => {
  const { world, browser, account } = await visitor(byMail(() => WAITING, () => WAITING));
  const other = browser.tab();
  await world.pass(100);
  const first = (await during(world, 100, account.signInByMail('ada@example.org'))).whenAllowed();
  await during(world, 100, other.client.login('alice', 'correct horse battery'));
  assert.deepEqual(await during(world, 3_000, first), ALICE);
  const stop = new AbortController();
  const second = (await during(world, 100, account.signInByMail('bob@example.org'))).whenAllowed({ signal: stop.signal });
  let isOver = false;
  second.catch(() => {}).finally(() => (isOver = true));
  await world.pass(10_000);
  assert.equal(isOver, false);
  stop.abort();
  await assert.rejects(second, { name: 'AbortError' });
});

const EMAIL = { id: 'e/1', address: 'ada@example.org', primary: true, verifiedAt: null, createdAt: '2026-11-30T00:00:00.000Z' };

test('addresses_are_listed_added_changed_and_removed', async () => {
  const { world, account, said } = await owner((route) => {
    if (route === 'GET /api/account/emails') return { status: 200, body: { emails: [EMAIL] } };
    if (route === 'POST /api/account/emails') return { status: 202, body: EMAIL };
    return route.includes('/api/account/emails/e%2F1') ? { status: 204 } : undefined;
  });
  assert.deepEqual(await during(world, 100, account.emails()), [EMAIL]);
  assert.deepEqual(await during(world, 100, account.addEmail('ada@example.org', 'plums')), EMAIL);
  await during(world, 100, account.changeEmail('e/1', 'plums'));
  await during(world, 100, account.removeEmail('e/1'));
  assert.deepEqual(said, [
    ['GET /api/account/emails', {}],
    ['POST /api/account/emails', { address: 'ada@example.org', currentPassword: 'plums' }],
    ['POST /api/account/emails/e%2F1/primary', { currentPassword: 'plums' }],
    ['DELETE /api/account/emails/e%2F1', {}],
  ]);
});

test('a_token_that_has_expired_is_renewed_first', async () => {
  const { world, server, tab, account } = await owner((route) => (route === 'GET /api/account/emails' ? { status: 200, body: { emails: [] } } : undefined));
  tab.visible = false;
  await world.pass(16 * 60_000);
  server.log.length = 0;
  assert.deepEqual(await during(world, 200, account.emails()), []);
  assert.deepEqual(server.log, ['/api/refresh', '/api/account/emails']);
});

test('a_deleted_account_is_signed_out_in_all_tabs', async () => {
  const { world, browser, tab, said, account } = await owner((route) => (route === 'DELETE /api/account' ? { status: 202, body: { deletionAt: '2026-12-14T00:00:00.000Z' } } : undefined));
  const other = browser.tab();
  await world.pass(100);
  assert.deepEqual(await during(world, 200, account.deleteAccount('plums')), { deletionAt: '2026-12-14T00:00:00.000Z' });
  assert.deepEqual(said, [['DELETE /api/account', { currentPassword: 'plums' }]]);
  assert.deepEqual([tab, other].map(({ client }) => client.state.status), ['signed-out', 'signed-out']);
});

test('a_deletion_that_is_refused_signs_nobody_out', async () => {
  const { world, tab, account } = await owner((route) => (route === 'DELETE /api/account' ? { status: 403, body: { error: 'x', code: 'wrong_password' } } : undefined));
  await assert.rejects(during(world, 200, account.deleteAccount('wrong')), { code: 'wrong_password', status: 403 });
  assert.equal(tab.client.state.status, 'signed-in');
});

test('an_export_is_the_document_as_it_came', async () => {
  const text = '{"user":{"claims":{"id":9007199254740993}},"sessions":[]}\n';
  const { tab } = await owner(() => undefined);
  const from = (body: string): SelfService => {
    const { fetch: _, ...client } = tab.client;
    return createSelfService({ ...client, fetch: () => Promise.resolve(new Response(body)) }, { environment: tab.environment });
  };
  const blob = await from(text).exportData();
  assert.deepEqual([blob.type, await blob.text()], ['application/json', text], 'no number is rounded');
  for (const other of ['<h1>Sign in to the hotel</h1>', text.slice(0, 20), '{}']) await assert.rejects(from(other).exportData(), { code: 'unexpected_response' });
});
