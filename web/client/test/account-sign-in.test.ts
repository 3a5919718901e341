// Signing in by mail: one of all tabs like any other, by a code or by waiting.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mailOnly, visitor } from './self-service.ts';
import { ALICE, BOB, during, ORIGIN, refuse, type Answer, type Server } from './world.ts';

const WAITING: Answer = { status: 202, body: { status: 'waiting' }, headers: { 'Retry-After': '1' } };

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
