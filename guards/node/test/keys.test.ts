// How keys are fetched, in a world where time moves when the test says so.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createGuard, Refusal, type GuardOptions } from '../src/index.ts';
import { token, tokens } from './table.ts';
import { World, json, type Respond } from './world.ts';

const ISSUER = 'https://auth.example.com';
const JWKS = `${ISSUER}/.well-known/jwks.json`;
const METADATA = { issuer: ISSUER, jwks_uri: JWKS };
const BEARER = `Bearer ${token('ES256')}`;
const STRANGER = `Bearer ${token('unknown kid')}`;

function issuer(keys: () => Response, metadata: () => Response = () => json(METADATA)): Respond {
  return ({ url }) => (url === JWKS ? keys() : metadata());
}

function setUp(respond: Respond, options: Partial<GuardOptions> = {}) {
  const world = new World();
  world.respond = respond;
  const guard = createGuard({ issuer: ISSUER, audience: 'api', environment: world, ...options });
  const ask = async (bearer = BEARER) => {
    const outcome = guard.authenticate(bearer).then(
      () => 'accepted',
      (error: unknown) => (error instanceof Refusal ? error.reason : String(error)),
    );
    await world.pass(0);
    return outcome;
  };
  const fetches = () => world.requests.filter(({ url }) => url === JWKS).length;
  return { world, guard, ask, fetches };
}

test('nothing is fetched before the first request, and one fetch serves all that wait', async () => {
  const { world, ask, fetches } = setUp(issuer(() => json(tokens.keys['main'])));
  assert.equal(world.requests.length, 0);
  assert.deepEqual(await Promise.all(Array.from({ length: 20 }, () => ask())), Array.from({ length: 20 }, () => 'accepted'));
  assert.equal(fetches(), 1);
});

test('no request waits behind a fetch while there are keys', async () => {
  let isSlow = false;
  const { world, ask, fetches } = setUp(issuer(() => json(tokens.keys['main'])));
  await ask();
  const respond = world.respond;
  world.respond = (request) => (isSlow ? new Promise(() => {}) : respond(request));
  isSlow = true;
  world.time = 299_000;
  await world.pass(2_000);
  assert.equal(fetches(), 2, 'the renewal hangs');
  world.time = 0; // the token of the table must not expire meanwhile
  assert.equal(await ask(), 'accepted');
  assert.equal(await ask(STRANGER), 'unknown_key_id');
});

test('without keys the first requests wait until a try is over, later ones not at all', async () => {
  const { world, guard, ask } = setUp(() => new Promise(() => {}));
  const first = guard.authenticate(BEARER).catch((error: Refusal) => error.reason);
  await world.pass(4_999);
  assert.equal(await Promise.race([first, Promise.resolve('waits')]), 'waits');
  await world.pass(1);
  assert.equal(await first, 'keys_unavailable');
  assert.equal(await ask(), 'keys_unavailable');

  const refused = setUp(() => json({}, {}, 500));
  assert.equal(await refused.ask(), 'keys_unavailable', 'the try is over at once');
});

test('the last keys stay in use while the issuer is down, as long as was said; then the answer is 503', async () => {
  let isUp = true;
  const { world, guard, ask } = setUp(issuer(() => (isUp ? json(tokens.keys['main']) : json({}, {}, 503))), { staleForMs: 3_600_000 });
  await ask();
  isUp = false;
  await world.pass(3_599_000);
  assert.equal(guard.status().keys.count, 3);
  assert.match(guard.status().keys.failure ?? '', /503/);
  assert.equal(await ask(), 'expired', 'it is still checked');
  await world.pass(1_000);
  assert.equal(await ask(), 'keys_unavailable');
  assert.deepEqual(world.warnings.length, 2, world.warnings.join());
  isUp = true;
  await world.pass(60_000);
  assert.equal(await ask(), 'expired');
});

test('a rotation is found by its key ID, without a refused good token after it', async () => {
  let set = tokens.keys['only RSA'];
  const { world, ask, fetches } = setUp(issuer(() => json(set)));
  assert.equal(await ask(), 'unknown_key_id');
  set = tokens.keys['main'];
  await world.pass(11_000);
  assert.equal(await ask(), 'unknown_key_id');
  assert.equal(fetches(), 1);
  await world.pass(1_000);
  assert.equal(await ask(), 'accepted');
  assert.equal(fetches(), 2);
});

test('tokens of a withdrawn key fail, cached or not', async () => {
  let set = tokens.keys['main'];
  const { world, ask } = setUp(issuer(() => json(set, { 'cache-control': 'max-age=60' })), { leewaySeconds: 120 });
  assert.equal(await ask(), 'accepted');
  set = tokens.keys['only RSA'];
  await world.pass(60_000);
  assert.equal(await ask(), 'unknown_key_id');
});

test('an unchanged set is confirmed by its ETag, and keeps the tokens that it has verified', async () => {
  const { world, ask, fetches, guard } = setUp(issuer(() => json(tokens.keys['main'], { etag: '"k1"' })));
  await ask();
  const respond = world.respond;
  world.respond = (request) => (request.headers.get('if-none-match') === '"k1"' ? new Response(null, { status: 304 }) : respond(request));
  await world.pass(300_000);
  assert.equal(fetches(), 2);
  assert.equal(world.requests.at(-1)?.headers.get('if-none-match'), '"k1"');
  assert.equal(guard.status().keys.ageMs, 0);
});

test('a response that is no set of keys changes nothing', async () => {
  for (const [what, bad] of [
    ['an empty set', () => json({ keys: [] })],
    ['no usable key', () => json({ keys: [{ kty: 'oct', k: 'AAAA' }] })],
    ['no set', () => json([])],
    ['no JSON', () => new Response('{', { headers: { 'content-type': 'application/json' } })],
    ['a page', () => new Response('<html>', { headers: { 'content-type': 'text/html' } })],
    ['a redirect', () => new Response(null, { status: 302, headers: { location: 'https://evil.example/keys' } })],
    ['too long', () => json({ ...tokens.keys['two'], x: 'x'.repeat(64 * 1024) })],
    ['never complete', () => new Response(new ReadableStream(), { headers: { 'content-type': 'application/json' } })],
  ] as const) {
    let isBad = false;
    const { world, guard, ask } = setUp(issuer(() => (isBad ? bad() : json(tokens.keys['main']))));
    assert.equal(await ask(), 'accepted', what);
    isBad = true;
    world.time = 299_000;
    await world.pass(12_000);
    assert.ok(guard.status().keys.failure, what);
    assert.equal(guard.status().keys.count, 3, what);
    world.time = 0;
    assert.equal(await ask(), 'accepted', what);
    assert.ok(!world.requests.some(({ url }) => url.includes('evil')), what);
  }
});

test('the metadata must be of the issuer, and name keys on its host', async () => {
  for (const [metadata, failure] of [
    [{ ...METADATA, issuer: 'https://evil.example' }, /of the issuer https:\/\/evil/],
    [{ ...METADATA, issuer: `${ISSUER}/` }, /of the issuer/],
    [{ ...METADATA, jwks_uri: 'https://169.254.169.254/keys' }, /another host/],
    [{ ...METADATA, jwks_uri: 'http://auth.example.com/keys' }, /only https/],
    [{ issuer: ISSUER }, /name no jwks_uri/],
  ] as const) {
    const { guard, ask } = setUp(issuer(() => json(tokens.keys['main']), () => json(metadata)));
    assert.equal(await ask(), 'keys_unavailable');
    assert.match(guard.status().keys.failure ?? '', failure);
  }
});

test('the metadata are where the standards say', async () => {
  const { world, ask } = setUp(({ url }) => (url.includes('oauth') ? json({}, {}, 404) : json({ ...METADATA, issuer: `${ISSUER}/tenant` })), {
    issuer: `${ISSUER}/tenant`,
  });
  await ask();
  assert.deepEqual(
    world.requests.map(({ url }) => url),
    [`${ISSUER}/.well-known/oauth-authorization-server/tenant`, `${ISSUER}/tenant/.well-known/openid-configuration`, JWKS],
  );
});

test('options that make no sense make no guard', () => {
  for (const options of [
    { issuer: 'http://auth.example.com' },
    { issuer: 'https://name@auth.example.com' },
    { issuer: 'https://auth.example.com/?x' },
    { issuer: 'ftp://localhost' },
    { issuer: 'auth.example.com' },
    { audience: '' },
    { audience: [] },
    { leewaySeconds: 121 },
    { jwksUrl: 'http://10.0.0.1/keys' },
    { feed: { url: 'http://auth.example.com/feed' } },
    { feed: { key: 'csf_secret\n' } },
    { feed: { key: 'csf_secret ключ' } },
  ]) {
    const isRefused = (error: unknown) => error instanceof Error && !error.message.includes('csf_secret');
    assert.throws(() => createGuard({ issuer: ISSUER, audience: 'api', ...options }), isRefused, JSON.stringify(options));
  }
  createGuard({ issuer: 'http://localhost:3000', audience: 'api' });
});

test('a guard that is closed stops asking, and trusts no key that it does not hear of any more', async () => {
  const { world, guard, ask, fetches } = setUp(issuer(() => json(tokens.keys['main'])));
  await ask();
  guard.close();
  await world.pass(3_600_000);
  assert.equal(fetches(), 1);
  assert.equal(await ask(), 'keys_unavailable');
});
