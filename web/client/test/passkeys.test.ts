// Passkeys: one request to the authenticators at a time, nobody is asked twice, and what browsers have or have not. The authenticators are those of
// this file, which behave as Chromium's do: they refuse a second request, and let go of one when its promise is settled.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPasskeys, type Authenticators, type Passkeys } from '../src/passkeys/index.ts';
import { ALICE, Browser, during, refuse, Server, settle, signedIn, World, type Answer } from './world.ts';

type Ask = CredentialRequestOptions & CredentialCreationOptions;

/** A browser's authenticators. Nobody answers before `answer` or `fail` is called. */
class Device {
  readonly asked: Ask[] = [];
  readonly told: [string, object][] = [];
  readonly #world: World;
  #pending: { resolve: (credential: Credential) => void; reject: (error: unknown) => void } | undefined;

  constructor(world: World) {
    this.#world = world;
  }

  get isBusy(): boolean {
    return this.#pending !== undefined;
  }

  /** Which kind of request is waiting for somebody. */
  get waitsFor(): string | undefined {
    return this.#pending && (this.asked.at(-1)?.mediation ?? 'button');
  }

  #ask(options: Ask): Promise<Credential> {
    this.asked.push(options);
    if (this.#pending) return Promise.reject(new DOMException('A request is already pending.', 'OperationError'));
    return new Promise((resolve, reject) => {
      this.#pending = { resolve, reject };
      options.signal?.addEventListener('abort', () => this.#world.after(LET_GO_MS, () => this.fail('AbortError')));
    });
  }

  answer(credential: object = assertion()): void {
    this.#pending?.resolve(credential as Credential);
    this.#pending = undefined;
  }

  fail(name: string): void {
    this.#pending?.reject(new DOMException('no', name));
    this.#pending = undefined;
  }

  authenticators(more: object = {}): Authenticators {
    const tell = (name: string) => (said: object) => {
      this.told.push([name, said]);
      return Promise.reject(new DOMException('not here', 'SecurityError'));
    };
    return {
      credentials: { get: (options) => this.#ask(options as Ask), create: (options) => this.#ask(options as Ask) },
      PublicKeyCredential: {
        isConditionalMediationAvailable: () => Promise.resolve(true),
        signalUnknownCredential: tell('unknown'),
        signalAllAcceptedCredentials: tell('accepted'),
        signalCurrentUserDetails: tell('details'),
        ...more,
      } as Partial<typeof PublicKeyCredential>,
    };
  }
}

/** A browser takes its time to end a request. Longer than the server takes to answer. */
const LET_GO_MS = 60;

const bytes = (...values: number[]): ArrayBuffer => Uint8Array.from(values).buffer;

/** As of a browser without `toJSON`. */
function assertion(more: object = {}): object {
  const response = { clientDataJSON: bytes(1), authenticatorData: bytes(2), signature: bytes(255, 254, 253), userHandle: null };
  return { id: '-_8', rawId: bytes(251, 255), type: 'public-key', authenticatorAttachment: null, response, getClientExtensionResults: () => ({}), ...more };
}

const ASSERTION = { id: '-_8', rawId: '-_8', type: 'public-key', clientExtensionResults: {}, response: { clientDataJSON: 'AQ', authenticatorData: 'Ag', signature: '__79' } };

let tickets = 0;
const offer = (publicKey: object = { challenge: '-_8', rpId: 'app.example' }): Answer => ({ status: 200, body: { ticket: `t${++tickets}`, expiresIn: 300, publicKey } });
const created = { rp: { id: 'app.example', name: 'App' }, user: { id: 'AQI', name: 'alice', displayName: '' }, challenge: '-_8', pubKeyCredParams: [] };

type Said = [route: string, body: Record<string, unknown>];
type Login = (body: Record<string, unknown>, server: Server) => Answer;

/** A visitor of the sign-in page. The world's own login is one by password. */
async function visitor(login: Login = (_, server) => server.begin(ALICE), more: object = {}) {
  const world = new World();
  const server = new Server(world);
  const said: Said[] = [];
  const byPassword = server.answer.bind(server);
  server.answer = (path, body, ...rest) => {
    if (path !== '/api/login' || body['passkey'] === undefined) return byPassword(path, body, ...rest);
    said.push(['login', body]);
    return login(body, server);
  };
  server.anybody = (route, body) => {
    if (!route.endsWith('/options')) return undefined;
    said.push([route, body]);
    return offer();
  };
  const browser = new Browser(world, server);
  const tab = browser.tab();
  await world.pass(100);
  const device = new Device(world);
  const passkeys = createPasskeys(tab.client, { environment: tab.environment, authenticators: device.authenticators(more) });
  return { world, server, browser, tab, said, device, passkeys };
}

/** Signed in as Alice, with a device of hers. */
async function owner(answer: (route: string, body: Record<string, unknown>) => Answer | undefined) {
  const { world, server, tab } = await signedIn();
  const said: Said[] = [];
  server.own = (route, body) => {
    const given = answer(route, body) ?? (route.endsWith('/options') ? offer(route.includes('/passkeys/') ? created : undefined) : undefined);
    if (given) said.push([route, body]);
    return given;
  };
  const device = new Device(world);
  const passkeys: Passkeys = createPasskeys(tab.client, { environment: tab.environment, authenticators: device.authenticators() });
  return { world, server, tab, said, device, passkeys };
}

/** What was said to this route. */
const bodies = (said: Said[], route: string): Record<string, unknown>[] => said.filter(([name]) => name === route).map(([, body]) => body);

test('a_passkey_signs_in_in_all_tabs_and_its_bytes_are_base64url', async () => {
  const { world, browser, tab, said, device, passkeys } = await visitor();
  const other = browser.tab();
  await world.pass(100);
  const signed = passkeys.signIn();
  await world.pass(200);
  assert.equal(device.waitsFor, 'button');
  assert.deepEqual(device.asked[0]?.publicKey, { challenge: Uint8Array.of(251, 255), rpId: 'app.example', allowCredentials: [] });
  device.answer();
  assert.deepEqual(await during(world, 100, signed), ALICE);
  assert.deepEqual([tab, other].map(({ client }) => client.user), [ALICE, ALICE]);
  const [login] = bodies(said, 'login');
  assert.deepEqual(JSON.parse(JSON.stringify(login)), { passkey: { ticket: `t${tickets}`, credential: ASSERTION } });
});

test('a_browser_with_the_functions_for_json_is_asked_to_use_them_unless_an_object_has_a_broken_one', async () => {
  const parsed = { challenge: bytes(7) };
  const { world, said, device, passkeys } = await visitor(undefined, { parseRequestOptionsFromJSON: () => parsed });
  const signed = passkeys.signIn();
  await world.pass(100);
  assert.equal(device.asked[0]?.publicKey, parsed);
  device.answer(assertion({ toJSON: () => ({ id: 'of the browser' }) }));
  await during(world, 100, signed);
  const again = passkeys.signIn();
  await world.pass(100);
  const broken = (): never => {
    throw new TypeError('Illegal invocation');
  };
  device.answer(assertion({ toJSON: broken }));
  await during(world, 100, again);
  const sent = bodies(said, 'login').map(({ passkey }) => (passkey as { credential: { id: string } }).credential.id);
  assert.deepEqual(sent, ['of the browser', '-_8']);
});

test('the_button_ends_the_autofill_and_the_autofill_comes_back_when_the_button_is_cancelled', async () => {
  const { world, device, passkeys, said } = await visitor();
  const filled = passkeys.autofill();
  await world.pass(100);
  assert.equal(device.waitsFor, 'conditional');
  const signed = passkeys.signIn();
  await world.pass(200);
  assert.equal(device.waitsFor, 'button', 'a browser refuses a second request');
  device.fail('NotAllowedError');
  await assert.rejects(during(world, 100, signed), { name: 'CountersignError', code: 'passkey_cancelled' });
  assert.equal(device.waitsFor, 'conditional');
  assert.equal(bodies(said, 'POST /api/passkeys/options').length, 3, 'each with a challenge of its own');
  device.answer();
  assert.deepEqual(await during(world, 100, filled), ALICE);
  assert.equal(device.isBusy, false);
});

test('the_autofill_does_not_end_what_the_button_has_begun', async () => {
  const { world, device, passkeys } = await visitor();
  const signed = passkeys.signIn();
  await world.pass(100);
  const filled = passkeys.autofill();
  await world.pass(200);
  assert.equal(device.waitsFor, 'button');
  device.answer();
  assert.deepEqual(await during(world, 100, Promise.all([signed, filled])), [ALICE, ALICE]);
});

test('the_autofill_comes_back_too_when_the_server_refuses_what_the_button_has_brought', async () => {
  const { world, device, passkeys } = await visitor(() => refuse('invalid_passkey'));
  passkeys.autofill().catch(() => {});
  await world.pass(100);
  const signed = passkeys.signIn();
  await world.pass(200);
  device.answer();
  await assert.rejects(during(world, 100, signed), { code: 'invalid_passkey' });
  assert.equal(device.waitsFor, 'conditional');
});

test('the_autofill_ends_when_somebody_signs_in_by_other_means', async () => {
  const { world, browser, tab, device, passkeys } = await visitor();
  const other = browser.tab();
  await world.pass(100);
  const filled = passkeys.autofill();
  await world.pass(100);
  await during(world, 100, other.client.login('alice', 'correct horse battery'));
  assert.deepEqual(await during(world, 100, filled), ALICE);
  assert.equal(device.isBusy, false);
  assert.deepEqual(tab.client.user, ALICE);
});

test('the_button_ends_the_autofill_for_good_when_it_signs_in', async () => {
  const { world, device, passkeys } = await visitor();
  const filled = passkeys.autofill();
  await world.pass(100);
  const signed = passkeys.signIn();
  await world.pass(200);
  device.answer();
  assert.deepEqual(await during(world, 100, Promise.all([signed, filled])), [ALICE, ALICE]);
  assert.equal(device.isBusy, false);
});

test('the_autofill_renews_its_challenge_before_the_server_forgets_it', async () => {
  const { world, said, device, passkeys } = await visitor();
  passkeys.autofill().catch(() => {});
  await world.pass(3_600_000);
  const asked = bodies(said, 'POST /api/passkeys/options').length;
  assert.ok(asked >= 15 && asked <= 17, `${asked} in an hour`);
  assert.equal(device.waitsFor, 'conditional');
});

test('the_autofill_rides_out_a_lost_connection_and_is_ended_by_its_signal', async () => {
  const { world, browser, device, passkeys } = await visitor();
  browser.online = false;
  const stop = new AbortController();
  const filled = passkeys.autofill({ signal: stop.signal });
  filled.catch(() => {});
  await world.pass(60_000);
  assert.equal(device.isBusy, false);
  browser.online = true;
  await world.pass(20_000);
  assert.equal(device.waitsFor, 'conditional');
  stop.abort(new Error('of the app'));
  await assert.rejects(during(world, 100, filled), { message: 'of the app' });
  assert.equal(device.isBusy, false);
});

test('a_browser_that_ends_the_autofill_is_asked_again_unless_it_never_began', async () => {
  const { world, device, passkeys } = await visitor();
  const filled = passkeys.autofill();
  filled.catch(() => {});
  await world.pass(5_000);
  device.fail('NotAllowedError');
  await world.pass(100);
  assert.equal(device.waitsFor, 'conditional');
  device.fail('NotAllowedError');
  await assert.rejects(during(world, 100, filled), { code: 'passkey_cancelled' });
});

test('what_else_a_sign_in_wants_is_said_without_asking_the_authenticator_again', async () => {
  const { world, said, device, passkeys } = await visitor(({ newPassword, keepAccount }, server) => {
    if (keepAccount !== true) return { status: 403, body: { error: 'x', code: 'deletion_pending', deletionAt: '2026-12-14T00:00:00.000Z' } };
    if (newPassword === undefined) return { ...refuse('password_change_required'), status: 403 };
    return newPassword === 'short' ? { ...refuse('password_too_short'), status: 422 } : server.begin(ALICE);
  });
  const signed = passkeys.signIn();
  await world.pass(100);
  device.answer();
  await assert.rejects(during(world, 100, signed), { code: 'deletion_pending' });
  await assert.rejects(during(world, 100, passkeys.signIn({ keepAccount: true })), { code: 'password_change_required' });
  await assert.rejects(during(world, 100, passkeys.signIn({ keepAccount: true, newPassword: 'short' })), { status: 422 });
  assert.deepEqual(await during(world, 100, passkeys.signIn({ keepAccount: true, newPassword: 'rain over the meadow' })), ALICE);
  assert.equal(device.asked.length, 1);
  assert.equal(new Set(bodies(said, 'login').map(({ passkey }) => JSON.stringify(passkey))).size, 1);
});

test('whoever_begins_anew_is_asked_anew', async () => {
  const { world, device, passkeys } = await visitor(() => ({ ...refuse('password_change_required'), status: 403 }));
  const signed = passkeys.signIn();
  await world.pass(100);
  device.answer();
  await assert.rejects(during(world, 100, signed));
  passkeys.signIn().catch(() => {});
  await world.pass(100);
  assert.equal(device.waitsFor, 'button');
});

test('a_password_manager_hears_of_a_passkey_that_no_account_has_and_of_no_other_refusal', async () => {
  for (const [code, told] of [
    ['passkey_unknown', [['unknown', { rpId: 'app.example', credentialId: '-_8' }]]],
    ['invalid_passkey', []],
    ['invalid_credentials', []],
  ] as const) {
    const { world, device, passkeys } = await visitor(() => refuse(code));
    const signed = passkeys.signIn();
    await world.pass(100);
    device.answer();
    await assert.rejects(during(world, 100, signed), { code });
    assert.deepEqual(device.told, told);
  }
});

test('each_refusal_of_a_browser_has_a_code', async () => {
  const { world, device, passkeys } = await visitor();
  for (const [name, code] of [
    ['NotAllowedError', 'passkey_cancelled'],
    ['SecurityError', 'passkey_origin'],
    ['InvalidStateError', 'passkey_exists'],
    ['NotReadableError', 'passkey_failed'],
  ] as const) {
    const signed = passkeys.signIn();
    await world.pass(100);
    device.fail(name);
    await assert.rejects(during(world, 100, signed), { name: 'CountersignError', code, status: 0 });
  }
});

test('a_browser_without_passkeys_is_not_asked', async () => {
  const { world, tab, said } = await visitor();
  const passkeys = createPasskeys(tab.client, { environment: tab.environment, authenticators: { credentials: undefined } });
  assert.equal(passkeys.isSupported, false);
  assert.equal(await passkeys.canAutofill(), false);
  for (const begin of [passkeys.signIn, passkeys.autofill, passkeys.prove]) await assert.rejects(during<unknown>(world, 100, begin()), { code: 'passkey_unsupported' });
  assert.deepEqual(said, []);
});

test('a_second_step_by_a_passkey_signs_in', async () => {
  const { world, server, device, passkeys, said, tab } = await visitor();
  const { anybody } = server;
  server.anybody = (route, body) => (route === 'POST /api/login/factor' ? (said.push([route, body]), server.begin(ALICE)) : anybody?.(route, body));
  const signed = passkeys.secondStep('of the password', { trustDevice: true });
  await world.pass(100);
  device.answer();
  assert.deepEqual(await during(world, 100, signed), ALICE);
  assert.deepEqual(tab.client.user, ALICE);
  const [options, sent] = said.map(([, body]) => body);
  assert.deepEqual(options, { ticket: 'of the password' });
  assert.deepEqual({ ...sent, passkey: undefined }, { ticket: 'of the password', trustDevice: true, passkey: undefined });
});

test('a_passkey_of_the_way_in_signs_in_when_its_codes_are_kept', async () => {
  const { world, server, device, passkeys, tab } = await visitor();
  server.anybody = (route) => {
    if (route === 'POST /api/login/factor/enrol/passkey') return offer(created);
    const { body, ...rest } = server.begin(ALICE);
    return route === 'POST /api/login/factor' ? { ...rest, body: { ...body, recoveryCodes: ['a-b'] } } : undefined;
  };
  const enrolled = passkeys.enrolOnTheWayIn('of the password', 'Laptop');
  await world.pass(100);
  device.answer();
  const { recoveryCodes, accept } = await during(world, 100, enrolled);
  assert.deepEqual([recoveryCodes, tab.client.user], [['a-b'], null]);
  assert.deepEqual([accept(), tab.client.user], [ALICE, ALICE]);
});

/** As the server refuses the password of whoever is signed in. */
const WRONG: Answer = { ...refuse('wrong_password'), status: 403 };

const factor = (id: string, credentialId?: string): object => ({ id, kind: credentialId === undefined ? 'totp' : 'passkey', name: id, createdAt: 'x', lastUsedAt: null, ...(credentialId !== undefined && { passkey: { credentialId } }) });
const factors = (...of: object[]): Answer => ({ status: 200, body: { factors: of, passkeys: { rpId: 'app.example', userHandle: 'AQI' } } });
const accepted = (...allAcceptedCredentialIds: string[]): [string, object][] => [
  ['accepted', { rpId: 'app.example', userId: 'AQI', allAcceptedCredentialIds }],
  ['details', { rpId: 'app.example', userId: 'AQI', name: 'alice', displayName: 'alice' }],
];

test('a_passkey_whose_proof_was_wrong_is_sent_again_with_another_and_the_password_manager_hears_what_there_is', async () => {
  const { world, said, device, passkeys } = await owner((route, { currentPassword }) => {
    if (route === 'GET /api/account/factors') return factors(factor('app'), factor('k1', '-_8'));
    if (route !== 'POST /api/account/passkeys') return undefined;
    return currentPassword === 'right' ? { status: 200, body: { factor: factor('k1', '-_8'), recoveryCodes: [] } } : WRONG;
  });
  const enrolled = passkeys.enrol('Laptop', { currentPassword: 'wrong' });
  await world.pass(100);
  device.answer();
  await assert.rejects(during(world, 100, enrolled), { code: 'wrong_password' });
  const added = await during(world, 200, passkeys.enrol('Laptop', { currentPassword: 'right' }));
  assert.equal(added.factor.id, 'k1');
  assert.equal(device.asked.length, 1);
  assert.deepEqual(bodies(said, 'POST /api/account/passkeys').map(({ name, ticket }) => [name, ticket]), Array(2).fill(['Laptop', `t${tickets}`]));
  assert.deepEqual(device.told, accepted('-_8'));
  passkeys.discard();
  assert.equal(device.told.length, 2, 'it is in use');
});

test('a_key_for_the_second_step_alone_is_asked_for_as_such_and_is_none_that_was_made_for_more', async () => {
  const { world, said, device, passkeys } = await owner((route, { currentPassword }) => {
    if (route !== 'POST /api/account/passkeys') return undefined;
    return currentPassword === 'right' ? { status: 201, body: { factor: factor('k1', '-_8'), recoveryCodes: [] } } : WRONG;
  });
  const first = passkeys.enrol('Key');
  await world.pass(100);
  device.answer();
  await assert.rejects(during(world, 100, first), { code: 'wrong_password' });
  const enrolled = passkeys.enrol('Key', { currentPassword: 'right' }, { secondStepOnly: true });
  await world.pass(100);
  device.answer();
  await during(world, 200, enrolled);
  assert.deepEqual(bodies(said, 'POST /api/account/passkeys/options'), [{}, { secondStepOnly: true }]);
  assert.equal(device.asked.length, 2);
});

test('a_passkey_that_is_given_up_is_forgotten_unless_the_server_may_have_it', async () => {
  const none: Answer = { status: 500, body: { error: 'x', code: 'internal_error' } };
  for (const [answer, told] of [
    [WRONG, [['unknown', { rpId: 'app.example', credentialId: '-_8' }]]],
    [none, []],
  ] as const) {
    const { world, device, passkeys } = await owner((route) => (route === 'POST /api/account/passkeys' ? answer : undefined));
    const enrolled = passkeys.enrol('Laptop');
    await world.pass(100);
    device.answer();
    await assert.rejects(during(world, 100, enrolled));
    assert.deepEqual(device.told, []);
    passkeys.discard();
    await settle();
    assert.deepEqual(device.told, told);
  }
});

test('a_change_of_passkeys_is_told_to_the_password_manager_and_one_that_cannot_be_told_is_no_failure', async () => {
  let left = [factor('k1', 'AQ'), factor('k2', 'Ag')];
  const { world, said, device, passkeys } = await owner((route) => {
    if (route === 'GET /api/account/factors') return left.length === 0 ? { status: 503, body: {} } : factors(...left);
    if (route === 'DELETE /api/account/factors/k2') left = [factor('k1', 'AQ')];
    if (route === 'DELETE /api/account/factors/k1') left = [];
    return route.startsWith('DELETE') || route.startsWith('PATCH') ? { status: 204 } : undefined;
  });
  assert.deepEqual((await during(world, 100, passkeys.list())).map(({ id }) => id), ['k1', 'k2']);
  await during(world, 200, passkeys.rename('k1', 'Laptop'));
  assert.deepEqual(bodies(said, 'PATCH /api/account/factors/k1'), [{ name: 'Laptop' }]);
  assert.deepEqual(device.told, [...accepted('AQ', 'Ag'), ...accepted('AQ', 'Ag')]);
  device.told.length = 0;
  await during(world, 200, passkeys.remove('k2', { currentPassword: 'right' }));
  assert.deepEqual(bodies(said, 'DELETE /api/account/factors/k2'), [{ currentPassword: 'right' }]);
  assert.deepEqual(device.told, accepted('AQ'));
  await during(world, 200, passkeys.remove('k1'));
});

test('whoever_shows_again_who_they_are_does_it_by_a_passkey', async () => {
  const { world, said, device, passkeys } = await owner((route) => (route === 'POST /api/account/reauthenticate' ? { status: 204 } : undefined));
  const shown = passkeys.reauthenticate();
  await world.pass(100);
  device.answer();
  await during(world, 100, shown);
  const [sent] = bodies(said, 'POST /api/account/reauthenticate');
  assert.equal((sent?.['passkey'] as { ticket: string }).ticket, `t${tickets}`);
});
