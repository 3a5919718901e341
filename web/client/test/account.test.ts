// The second module: what people do for their own account, but for signing in.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { createSelfService, type SelfService } from '../src/account/index.ts';
import { mailOnly, owner, started, visitor } from './self-service.ts';
import { during, refuse } from './world.ts';

const TOKEN = 'q'.repeat(42) + '_';

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
