// How the feed is followed, in a world where time moves when the test says so.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createGuard, Refusal, type FeedOptions } from '../src/index.ts';
import { token, tokens } from './table.ts';
import { World, json } from './world.ts';

const ISSUER = 'https://auth.example.com';
const BEARER = `Bearer ${token('ES256')}`;
const KEY_ID = (JSON.parse(Buffer.from(BEARER.slice(7).split('.')[0] ?? '', 'base64url').toString()) as { kid: string }).kid;
const SID = 'f219c4f5-5cfd-4a51-99f5-a02fcb6fbeb0';

/** The server's end of the feed. */
class Server {
  readonly world = new World();
  readonly asked: Request[] = [];
  refusal: (() => Response) | undefined;
  set: object = tokens.keys['main'] as object;
  #stream: ReadableStreamDefaultController<Uint8Array> | undefined;

  constructor() {
    this.world.respond = (request) => {
      if (request.url.endsWith('/api/revocations')) return this.#feed(request);
      if (request.url.endsWith('/keys')) return json(this.set);
      return json({ issuer: ISSUER, jwks_uri: `${ISSUER}/keys` });
    };
  }

  #feed(request: Request): Response {
    this.asked.push(request);
    if (this.refusal) return this.refusal();
    const stream = new ReadableStream<Uint8Array>({ start: (controller) => void (this.#stream = controller) });
    return new Response(stream, { headers: { 'content-type': 'text/event-stream' } });
  }

  send(name: string, data: object, id?: string): void {
    this.#stream?.enqueue(new TextEncoder().encode(`${id === undefined ? '' : `id: ${id}\n`}event: ${name}\ndata: ${JSON.stringify(data)}\n\n`));
  }

  hello(mode: 'snapshot' | 'delta' = 'snapshot'): void {
    this.send('hello', { v: 1, iss: ISSUER, mode, heartbeat: 2, retain: 5100, now: this.world.now() });
  }

  revoke(sid = SID): void {
    this.send('revoked', { until: this.world.now() / 1000 + 900, sid: [sid] }, 'r');
  }

  sync(id: string, keys?: string, withdrawn?: readonly string[]): void {
    this.send('sync', { asOf: this.world.now(), keys, withdrawn }, id);
  }

  break(): void {
    try {
      this.#stream?.error(new Error('connection lost'));
    } catch {
      // it is over already
    }
  }


  get fetches(): number {
    return this.world.requests.filter(({ url }) => url.endsWith('/keys')).length;
  }
}

async function setUp(options: FeedOptions = {}) {
  const server = new Server();
  const guard = createGuard({ issuer: ISSUER, audience: 'api', feed: { key: 'csf_key', ...options }, environment: server.world });
  const ask = async () => {
    await server.world.pass(0);
    const outcome = guard.authenticate(BEARER).then(
      () => 'accepted',
      (error: unknown) => (error instanceof Refusal ? error.reason : String(error)),
    );
    await server.world.pass(0);
    return outcome;
  };
  return { server, world: server.world, guard, ask };
}

test('the first request waits until the feed has said what has ended', async () => {
  const { server, world, guard } = await setUp();
  const first = guard.authenticate(BEARER).catch((error: Refusal) => error.reason);
  await world.pass(100);
  server.hello();
  server.revoke();
  server.sync('1');
  await world.pass(0);
  assert.equal(await first, 'revoked');
  const [request] = server.asked;
  assert.equal(request?.headers.get('authorization'), 'Bearer csf_key');
  assert.equal(request?.headers.get('accept'), 'text/event-stream');
  assert.equal(request?.headers.get('last-event-id'), null);
  assert.equal(request?.redirect, 'manual');
});

test('a logout counts at once, also for a token in the cache, and ends what is watched', async () => {
  const { server, world, guard, ask } = await setUp();
  void ask();
  await world.pass(0);
  server.hello();
  server.sync('1');
  assert.equal(await ask(), 'accepted');
  const claims = await guard.authenticate(BEARER);
  const over = guard.watch(claims);
  const gaveUp = new AbortController();
  const other = guard.watch(claims, { signal: gaveUp.signal }).catch(() => 'gave up');
  gaveUp.abort();
  assert.equal(await other, 'gave up');
  server.revoke();
  assert.equal(await ask(), 'revoked');
  assert.equal(await over, 'revoked');
  assert.equal(await guard.watch(claims), 'revoked');
});

test('a watched token ends when it expires, leeway included', async () => {
  const { world, guard } = await setUp();
  void guard.watch({ iss: ISSUER, sub: 'ada', aud: 'api', iat: 0, exp: tokens.now + 60 }).then((end) => world.warn(`it ${end}`));
  await world.pass(89_999);
  assert.deepEqual(world.warnings, []);
  await world.pass(1);
  assert.deepEqual(world.warnings, ['it expired']);
});

test('a broken stream is taken up again where it was', async () => {
  const { server, world, ask, guard } = await setUp();
  void ask();
  await world.pass(0);
  server.hello();
  server.sync('1.a.7');
  await world.pass(1_000);
  server.break();
  await world.pass(100);
  assert.equal(server.asked.length, 2);
  assert.equal(server.asked[1]?.headers.get('last-event-id'), '1.a.7');
  server.hello('delta');
  server.revoke();
  server.sync('1.a.8');
  assert.equal(await ask(), 'revoked');
  assert.deepEqual(world.warnings, [], 'that is no news');
  assert.equal(guard.status().feed?.freshness, 'fresh');
  guard.close();
  await world.pass(3_600_000);
  assert.equal(server.asked.length, 2);
});

test('a silent stream is left after ten seconds', async () => {
  const { server, world, ask } = await setUp();
  void ask();
  await world.pass(0);
  server.hello();
  server.sync('1');
  await world.pass(9_000);
  server.sync('2');
  await world.pass(9_999);
  assert.equal(server.asked.length, 1);
  await world.pass(200);
  assert.equal(server.asked.length, 2);
});

test('a stream is left after half an hour, and taken up again', async () => {
  const { server, world, ask } = await setUp();
  void ask();
  await world.pass(0);
  server.hello();
  for (let beat = 0; beat < 200; beat++) {
    server.sync(`${beat}`);
    await world.pass(9_000);
  }
  assert.equal(server.asked.length, 1);
  server.sync('200');
  await world.pass(100);
  assert.equal(server.asked.length, 2);
  assert.equal(server.asked[1]?.headers.get('last-event-id'), '200');
});

for (const [what, refusal, pauses] of [
  ['failures', () => new Response('', { status: 500 }), [200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000]],
  ['a refused key', () => new Response('', { status: 401 }), [200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 51_200, 60_000]],
  ['a time that the server names', () => new Response('', { status: 503, headers: { 'retry-after': '20' } }), [20_000, 20_000]],
  ['a time that is too long', () => new Response('', { status: 503, headers: { 'retry-after': '99999' } }), [60_000]],
] as const) {
  test(`another try after ${what}, and one warning`, async () => {
    const { server, world, ask } = await setUp();
    world.luck = 1; // the longest pauses
    server.refusal = refusal;
    void ask();
    await world.pass(0);
    for (const [index, pause] of pauses.entries()) {
      assert.equal(server.asked.length, index + 1);
      await world.pass(pause - 1);
      assert.equal(server.asked.length, index + 1, `not before ${pause}`);
      await world.pass(1);
    }
    assert.equal(server.asked.length, pauses.length + 1);
    assert.equal(world.warnings.length, 1, world.warnings.join());
  });
}

test('a redirect or a page is not the feed, and the key goes nowhere else', async () => {
  for (const refusal of [
    () => new Response(null, { status: 307, headers: { location: 'https://evil.example/' } }),
    () => new Response('<html>', { headers: { 'content-type': 'text/html' } }),
    () => json({ cursor: '1' }),
  ]) {
    const { server, world, guard, ask } = await setUp();
    server.refusal = refusal;
    assert.equal(await ask(), 'accepted', 'late: accept');
    assert.ok(guard.status().feed?.failure);
    assert.ok(world.requests.every(({ url }) => url.startsWith(`${ISSUER}/`)));
  }
});

test('while the feed is late, the policy decides', async () => {
  for (const [whenLate, outcome] of [
    ['accept', 'accepted'],
    ['reject', 'revocations_unavailable'],
    [{ shortLeashSeconds: 120 }, 'accepted'],
    [{ shortLeashSeconds: 5 }, 'too_old'],
  ] as const) {
    const { server, world, ask } = await setUp({ whenLate });
    void ask();
    await world.pass(0);
    server.hello();
    server.sync('1');
    await world.pass(5_000);
    assert.equal(await ask(), 'accepted', 'fresh');
    await world.pass(1);
    assert.equal(await ask(), outcome);
    server.sync('2');
    assert.equal(await ask(), 'accepted', 'caught up');
  }
});

test('what a withdrawn key has signed is refused at once, also while a cache still has the key', async () => {
  const { server, world, ask } = await setUp();
  void ask();
  await world.pass(0);
  server.hello();
  server.sync('1', '"k1"');
  assert.equal(await ask(), 'accepted');
  server.sync('2', '"k2"', [KEY_ID]);
  assert.equal(await ask(), 'unknown_key_id');
  await world.pass(599);
  assert.equal(server.fetches, 1);
  await world.pass(1);
  assert.equal(server.fetches, 2, 'the key that signs in its place is fetched soon');
  server.sync('3', '"k3"');
  await world.pass(2_000);
  assert.equal(server.fetches, 3);
  assert.equal(await ask(), 'unknown_key_id');
});

test('changed keys are fetched as soon as the feed says so', async () => {
  const { server, world, ask } = await setUp();
  void ask();
  await world.pass(0);
  server.hello();
  server.sync('1', 'W/"k1"');
  await world.pass(2_000);
  server.sync('2', '"k1"');
  await world.pass(2_000);
  assert.equal(server.fetches, 1, 'the same tag');
  server.sync('3', '"k2"');
  await world.pass(2_000);
  server.sync('4', '"k2"');
  await world.pass(2_000);
  assert.equal(server.fetches, 2);
});
