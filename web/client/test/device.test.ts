// Sessions that only this browser can continue: proofs at each sign-in and refresh (RFC 9449), the nonce of a device whose clock is
// wrong, one key for all tabs, and a browser that keeps none or has lost it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSelfService } from '../src/account/index.ts';
import { createDeviceProof, type DeviceProofOptions, type KeyStore } from '../src/device/index.ts';
import { createClient, type Client } from '../src/index.ts';
import { createStepUp } from '../src/step-up/index.ts';
import { ALICE, Browser, computing, during, ORIGIN, Server, settle, World, type Tab } from './world.ts';

const PASSWORD = 'correct horse battery';

for (const name of ['digest', 'generateKey', 'exportKey', 'importKey', 'sign', 'verify'] as const) {
  const compute = crypto.subtle[name].bind(crypto.subtle) as (...given: unknown[]) => Promise<unknown>;
  Object.defineProperty(crypto.subtle, name, {
    value: (...given: unknown[]) => {
      const work = compute(...given).finally(() => computing.delete(work));
      computing.add(work);
      return work;
    },
  });
}

interface Proof {
  readonly header: { typ: string; alg: string; jwk: JsonWebKey };
  readonly payload: { jti: string; htm: string; htu: string; iat: number; nonce?: string; ath?: string };
}

/** What a server sees of a proof, after it has verified it with the key in it. */
async function verified(jws: string): Promise<Proof> {
  const [header = '', payload = '', signature = ''] = jws.split('.');
  const read = (part: string): unknown => JSON.parse(Buffer.from(part, 'base64url').toString());
  const { jwk } = read(header) as Proof['header'];
  assert.deepEqual(Object.keys(jwk).sort(), ['crv', 'kty', 'x', 'y'], 'the public members, and nothing else');
  const key = await crypto.subtle.importKey('jwk', jwk, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['verify']);
  const isGood = await crypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, key, Buffer.from(signature, 'base64url'), Buffer.from(`${header}.${payload}`));
  assert.ok(isGood, 'the signature is of this key');
  return { header: read(header) as Proof['header'], payload: read(payload) as Proof['payload'] };
}

/** The keys of one browser, in memory. */
class Keys implements KeyStore {
  kept: CryptoKeyPair | undefined;
  async get(): Promise<CryptoKeyPair | undefined> {
    return this.kept;
  }
  async keep(made: CryptoKeyPair): Promise<CryptoKeyPair> {
    return (this.kept ??= made);
  }
}

const noKeys: KeyStore = {
  get: () => Promise.reject(new Error('no IndexedDB')),
  keep: () => Promise.reject(new Error('no IndexedDB')),
};

const wrongClock = (nonce: string): Response => Response.json({ error: 'x', code: 'use_dpop_nonce' }, { status: 400, headers: { 'DPoP-Nonce': nonce } });

/** A browser whose pages have the module, and a server that binds sessions. */
async function bound({ keys = new Keys() as KeyStore, ...options }: DeviceProofOptions = {}) {
  const world = new World();
  const server = new Server(world);
  const browser = new Browser(world, server);
  /** The proof of each request, by what it was for; `null` without one. */
  const seen: [path: string, proof: Proof | null][] = [];
  /** The keys of the sessions. */
  const boundTo = new Map<string, string | undefined>();
  /** A refusal of this proof. */
  let refuses: (path: string, proof: Proof) => Response | undefined = () => undefined;
  let failures: unknown[] = [];

  async function guarded(tab: Tab, input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    const request = new Request(input instanceof Request ? input : new URL(input, ORIGIN), init);
    const path = new URL(request.url).pathname;
    const jws = request.headers.get('DPoP');
    const proof = jws === null ? null : await verified(jws).catch((error: unknown) => (failures.push(error), null));
    seen.push([path, proof]);
    const refusal = proof && refuses(path, proof);
    if (refusal) return refusal;
    const key = proof?.header.jwk.x;
    const session = browser.cookie?.split('.')[0];
    if (path === '/api/refresh' && session !== undefined && boundTo.get(session) !== undefined && boundTo.get(session) !== key) {
      return Response.json({ error: 'x', code: 'device_proof_required' }, { status: 401, headers: { 'WWW-Authenticate': 'DPoP algs="ES256 EdDSA"' } });
    }
    const response = await (tab.environment.fetch as typeof fetch)(request);
    const begun = browser.cookie?.split('.')[0];
    if (begun !== undefined && !boundTo.has(begun)) boundTo.set(begun, key);
    return response;
  }

  function page(own: DeviceProofOptions = {}): { client: Client; tab: Tab; environment: Tab['environment'] } {
    const tab = browser.tab();
    tab.client.dispose();
    const inner = { ...tab.environment, fetch: ((input, init) => guarded(tab, input, init)) as typeof fetch };
    const environment = { ...inner, ...createDeviceProof({ environment: inner, keys, ...options, ...own }) };
    return { client: createClient({ environment, apiOrigins: ['https://api.example'] }), tab, environment };
  }

  return { world, server, browser, seen, page, boundTo, keys, failures, refuse: (rule: typeof refuses) => (refuses = rule) };
}

async function signedIn(options: DeviceProofOptions = {}) {
  const all = await bound(options);
  const { client, tab, environment } = all.page();
  await during(all.world, 200, client.ready);
  await during(all.world, 200, client.login('alice', PASSWORD));
  return { ...all, client, tab, environment };
}

test('each_sign_in_and_each_refresh_is_proved_and_nothing_else', async () => {
  const { world, client, seen, failures, boundTo } = await signedIn();
  await during(world, 200, client.fetch(`${ORIGIN}/api/profile`));
  await during(world, 200, client.fetch('https://api.example/api/email/poll', { method: 'POST', body: 'of another service' }));
  await world.pass(14.9 * 60_000);
  await world.pass(1_000);
  assert.deepEqual(failures, []);
  assert.deepEqual(seen.map(([path, proof]) => [path, proof?.payload.htm, proof?.payload.htu]), [
    ['/api/refresh', undefined, undefined],
    ['/api/login', 'POST', `${ORIGIN}/api/login`],
    ['/api/profile', undefined, undefined],
    ['/api/email/poll', undefined, undefined],
    ['/api/refresh', 'POST', `${ORIGIN}/api/refresh`],
  ]);
  const [, login, , , refresh] = seen.map(([, proof]) => proof);
  assert.deepEqual([login?.header.typ, login?.header.alg, login?.payload.iat], ['dpop+jwt', 'ES256', 0]);
  assert.equal(login?.header.jwk.x, refresh?.header.jwk.x, 'one key');
  assert.notEqual(login?.payload.jti, refresh?.payload.jti);
  assert.equal([...boundTo.values()].filter(Boolean).length, 1);
});

test('the_key_can_be_used_and_not_read', async () => {
  const keys = new Keys();
  await signedIn({ keys });
  assert.equal(keys.kept?.privateKey.extractable, false);
  await assert.rejects(crypto.subtle.exportKey('jwk', keys.kept?.privateKey as CryptoKey));
});

test('a_reloaded_page_and_another_tab_have_the_same_key', async () => {
  const { world, client, page, seen, keys } = await signedIn();
  client.dispose();
  const reloaded = page();
  assert.equal((await during(world, 200, reloaded.client.ready)).status, 'signed-in');
  assert.equal(seen.at(-1)?.[1]?.header.jwk.x, (await crypto.subtle.exportKey('jwk', ((await keys.get()) as CryptoKeyPair).publicKey)).x);
});

test('of_two_tabs_that_make_a_key_at_once_one_wins', async () => {
  const { world, page, seen, boundTo } = await bound();
  const pages = [page(), page()];
  for (const { client } of pages) await during(world, 200, client.ready);
  await during(world, 500, Promise.all(pages.map(({ client }) => client.login('alice', PASSWORD))));
  const used = seen.filter(([path]) => path === '/api/login').map(([, proof]) => proof?.header.jwk.x);
  assert.equal(used.length, 2);
  assert.equal(new Set([...used, ...boundTo.values()]).size, 1);
});

test('a_browser_that_keeps_no_key_signs_in_without_one', async () => {
  for (const keys of [noKeys, { get: async () => undefined, keep: noKeys.keep }, { get: async () => undefined, keep: () => new Promise<never>(() => {}) }]) {
    const { world, client, page, seen } = await bound({ keys }).then(async (all) => {
      const { client } = all.page();
      await during(all.world, 200, client.ready);
      const user = await during(all.world, 5_000, client.login('alice', PASSWORD));
      assert.deepEqual(user, ALICE);
      return { ...all, client };
    });
    client.dispose();
    assert.equal((await during(world, 5_000, page().client.ready)).status, 'signed-in');
    assert.deepEqual(seen.map(([, proof]) => proof), seen.map(() => null));
  }
});

test('a_key_that_cannot_sign_is_as_good_as_none', async () => {
  const keys = new Keys();
  keys.kept = { privateKey: {}, publicKey: {} } as CryptoKeyPair;
  const { client, seen } = await signedIn({ keys });
  assert.deepEqual(client.user, ALICE);
  assert.equal(seen.at(-1)?.[1], null);
});

test('a_device_whose_clock_is_wrong_says_the_nonce_that_it_is_given', async () => {
  const { world, page, seen, refuse } = await bound();
  const { client, tab } = page();
  tab.wallOffsetMs = 86_400_000;
  await during(world, 200, client.ready);
  let current = 'first';
  refuse((_, { payload }) => (payload.nonce === current ? undefined : wrongClock(current)));
  await during(world, 200, client.login('alice', PASSWORD));
  const said = (): unknown[] => seen.slice(1).map(([path, proof]) => [path, proof?.payload.nonce]);
  assert.deepEqual(said(), [['/api/login', undefined], ['/api/login', 'first']]);
  assert.notEqual(seen[1]?.[1]?.payload.jti, seen[2]?.[1]?.payload.jti, 'each proof is another one');
  await world.pass(14.9 * 60_000);
  await world.pass(1_000);
  assert.deepEqual(said().slice(2), [['/api/refresh', 'first']], 'it is kept for the next proof');
  current = 'second';
  await world.pass(15 * 60_000);
  await world.pass(1_000);
  assert.deepEqual(said().slice(3), [['/api/refresh', 'first'], ['/api/refresh', 'second']]);
  assert.equal(client.state.status, 'signed-in');
});

test('a_proof_that_the_server_has_seen_is_made_anew_and_that_once', async () => {
  const { world, page, seen, refuse } = await bound();
  const { client } = page();
  await during(world, 200, client.ready);
  let refusals = 0;
  refuse(() => (++refusals === 1 ? Response.json({ error: 'x', code: 'invalid_dpop_proof' }, { status: 400 }) : undefined));
  await during(world, 200, client.login('alice', PASSWORD));
  assert.equal(new Set(seen.slice(1).map(([, proof]) => proof?.payload.jti)).size, 2);
  await during(world, 200, client.logout());
  const before = seen.length;
  refuse(() => wrongClock('never right'));
  await assert.rejects(during(world, 200, client.login('alice', PASSWORD)), { code: 'use_dpop_nonce', status: 400 });
  assert.equal(seen.length - before, 2, 'no loop');
});

test('another_refusal_with_400_is_not_asked_again', async () => {
  const { world, page, seen, refuse } = await bound();
  const { client } = page();
  await during(world, 200, client.ready);
  refuse(() => Response.json({ error: 'x', code: 'invalid_request' }, { status: 400 }));
  await assert.rejects(during(world, 200, client.login('alice', PASSWORD)), { code: 'invalid_request' });
  assert.equal(seen.filter(([path]) => path === '/api/login').length, 1);
});

test('a_lost_key_leaves_the_page_signed_out_and_the_next_sign_in_begins_anew', async () => {
  const keys = new Keys();
  const { world, client, page, seen, boundTo } = await signedIn({ keys });
  client.dispose();
  keys.kept = undefined;
  seen.length = 0;
  const { client: reloaded } = page();
  const state = await during(world, 5_000, reloaded.ready);
  assert.deepEqual(state, { status: 'signed-out', user: null, reason: 'device_proof_required', pending: false });
  await world.pass(60 * 60_000);
  assert.deepEqual(seen.map(([path]) => path), ['/api/refresh', '/api/refresh'], 'asked twice, and no more');
  assert.equal(keys.kept, undefined, 'a refresh makes no key');
  await during(world, 200, reloaded.login('alice', PASSWORD));
  assert.equal(new Set(boundTo.values()).size, 2);
  reloaded.dispose();
  assert.equal((await during(world, 200, page().client.ready)).status, 'signed-in');
});

test('a_key_that_is_lost_while_a_page_is_open_leaves_its_token_until_that_ends', async () => {
  const keys = new Keys();
  const { world, client, tab } = await signedIn({ keys });
  keys.kept = undefined;
  for (let second = 0; second < 890; second += 10) {
    assert.equal(client.state.status, 'signed-in', `after ${second} seconds`);
    await world.pass(10_000);
  }
  await world.pass(60_000);
  assert.equal(tab.visible, true);
  assert.deepEqual([client.state.status, (client.state as { reason?: string }).reason], ['signed-out', 'device_proof_required']);
});

test('a_proof_that_comes_late_is_waited_for', async () => {
  const { world, browser, page, boundTo, keys } = await signedIn();
  const session = browser.cookie?.split('.')[0] ?? '';
  const own = boundTo.get(session);
  boundTo.set(session, 'registered a moment later');
  const { client } = page({ keys });
  await world.pass(500);
  boundTo.set(session, own);
  assert.equal((await during(world, 5_000, client.ready)).status, 'signed-in');
});

test('the_proof_is_for_the_issuer_where_the_page_reaches_it_by_another_address', async () => {
  const { world, page, seen } = await bound({ issuer: 'https://id.example/auth/' });
  const { client } = page();
  await during(world, 200, client.ready);
  await during(world, 200, client.login('alice', PASSWORD));
  assert.equal(seen.at(-1)?.[1]?.payload.htu, 'https://id.example/auth/api/login');
});

test('the_other_modules_prove_it_too', async () => {
  const { world, server, client, environment, seen } = await signedIn();
  server.own = (route) => (route === 'POST /api/account/reauthenticate' ? { status: 204 } : undefined);
  server.anybody = (route) => {
    if (route === 'POST /api/email/start') return { status: 202, body: { expiresIn: 600, digits: '42' } };
    return route === 'POST /api/email/confirm' ? server.begin(ALICE) : undefined;
  };
  const mail = await during(world, 200, createSelfService(client, { environment }).signInByMail('ada@example.org'));
  await during(world, 200, mail.withCode('1234 5678'));
  assert.equal(seen.at(-1)?.[1]?.payload.htu, `${ORIGIN}/api/email/confirm`);
  await settle();
  let isFirst = true;
  const answer = server.answer.bind(server);
  server.answer = (path, ...rest) => {
    if (path !== '/orders' || !isFirst) return answer(path, ...rest);
    isFirst = false;
    return { status: 401, headers: { 'WWW-Authenticate': 'Bearer error="insufficient_user_authentication"' } };
  };
  const stepUp = createStepUp(client, { environment, reauthenticate: (demand) => demand.show({ currentPassword: PASSWORD }) });
  assert.equal((await during(world, 1_000, stepUp.fetch('https://api.example/orders'))).status, 200);
  assert.deepEqual(seen.slice(-3).map(([path, proof]) => [path, proof !== null]), [['/api/account/reauthenticate', false], ['/api/refresh', true], ['/orders', false]]);
});

const hash = async (text: string): Promise<string> => Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(text))).toString('base64url');

/** With access tokens that are bound, and the `Authorization` of what was sent. */
async function withBoundTokens() {
  const all = await bound();
  all.server.bindsTo = { jkt: 'x' };
  const { client, tab } = all.page();
  await during(all.world, 200, client.ready);
  await during(all.world, 200, client.login('alice', PASSWORD));
  all.seen.length = 0;
  return { ...all, client, tab, shown: () => tab.sent.at(-1)?.headers.get('Authorization') };
}

test('a_bound_token_goes_with_a_proof_for_each_request', async () => {
  const { world, client, seen, failures, keys, shown } = await withBoundTokens();
  const token = await client.token();
  for (const [url, init, htm, htu] of [
    [`${ORIGIN}/api/profile?a=b#c`, {}, 'GET', `${ORIGIN}/api/profile`],
    ['https://api.example/orders?a=b', { method: 'PUT', body: 'x' }, 'PUT', 'https://api.example/orders'],
    ['/api/profile', {}, 'GET', `${ORIGIN}/api/profile`],
  ] as const) {
    assert.equal((await during(world, 200, client.fetch(new URL(url, ORIGIN), init))).status, 200);
    const proof = seen.at(-1)?.[1];
    assert.deepEqual([proof?.payload.htm, proof?.payload.htu, proof?.payload.ath], [htm, htu, await hash(token ?? '')]);
    assert.equal(proof?.header.jwk.x, (await crypto.subtle.exportKey('jwk', ((await keys.get()) as CryptoKeyPair).publicKey)).x);
    assert.equal(shown(), `DPoP ${token}`);
  }
  assert.equal(new Set(seen.map(([, proof]) => proof?.payload.jti)).size, 3);
  assert.deepEqual(failures, []);
  await during(world, 200, client.fetch('https://elsewhere.example/'));
  assert.deepEqual([seen.at(-1)?.[1], shown()], [null, null], 'to nobody else');
});

test('a_service_whose_guard_asks_for_a_nonce_gets_it_and_the_body_again', async () => {
  const { world, client, tab, seen, refuse } = await withBoundTokens();
  refuse((path, { payload }) => {
    if (path !== '/orders' || payload.nonce === 'theirs') return undefined;
    return new Response('', { status: 401, headers: { 'WWW-Authenticate': 'DPoP error="use_dpop_nonce"', 'DPoP-Nonce': 'theirs' } });
  });
  const order = (): Promise<Response> => client.fetch('https://api.example/orders', { method: 'POST', body: 'two apples' });
  assert.equal((await during(world, 200, order())).status, 200);
  assert.deepEqual(seen.map(([, proof]) => proof?.payload.nonce), [undefined, 'theirs']);
  assert.equal(await tab.sent.at(-1)?.clone().text(), 'two apples');
  assert.equal((await during(world, 200, order())).status, 200);
  await during(world, 200, client.fetch(`${ORIGIN}/api/profile`));
  assert.deepEqual(seen.slice(2).map(([, proof]) => proof?.payload.nonce), ['theirs', undefined], 'each server has its own');
});

test('a_bound_token_without_the_key_is_refused_and_not_tried_for_ever', async () => {
  const { world, client, keys, seen, shown } = await withBoundTokens();
  (keys as Keys).kept = undefined;
  const token = await client.token();
  await during(world, 2_000, client.fetch(`${ORIGIN}/api/profile`));
  assert.deepEqual([seen.length, seen[0]?.[1], shown()], [1, null, `Bearer ${token}`]);
});

test('what_is_no_token_of_ours_goes_as_it_is', async () => {
  const { world, client, shown } = await withBoundTokens();
  for (const authorization of ['Basic YTpi', 'Bearer', 'Bearer x', 'Bearer a.b.c', 'Bearer h.e30.s', `Bearer h.${btoa('{"cnf":7}')}.s`, `Bearer h.${btoa('null')}.s`, 'DPoP a.b.c']) {
    await during(world, 200, client.fetch('https://api.example/orders', { headers: { authorization } })).catch(() => {});
    assert.equal(shown(), authorization);
  }
});
