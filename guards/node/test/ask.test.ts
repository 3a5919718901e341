// Asking the issuer about sessions while the feed is late: the case table, without the network, and what surrounds it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { ANSWER_WITHIN_MS, Asker } from '../src/ask/asker.ts';
import { Endpoint } from '../src/ask/endpoint.ts';
import { EndedSessions } from '../src/feed/ended.ts';
import type { Freshness } from '../src/feed/state.ts';
import { createGuard, Refusal, type GuardOptions, type WhenLate } from '../src/index.ts';
import { parseJwkSet } from '../src/jwk-set.ts';
import { Verifier } from '../src/verifier.ts';
import { ask, type AskStep } from './table.ts';
import { World, json, settle } from './world.ts';

const URL_ = `${ask.issuer}/introspect`;

/** A verifier that asks, with the issuer's answers in the hands of the test. */
class Scene {
  readonly world = new World(ask.now * 1000);
  readonly ended = new EndedSessions();
  readonly open = new Map<string, (active: boolean | null) => void>();
  readonly asker = new Asker(this.world, (token) => this.#ask(token), this.ended, ask.leeway);
  freshness: Freshness = 'late';
  #verifier: Verifier | undefined;
  #outcomes: { outcome: string }[] = [];
  /** How many requests are being worked on, and wait for nothing that the test decides. */
  #busy = 0;

  constructor() {
    const ask = this.asker.ask.bind(this.asker);
    this.asker.ask = (...question) => {
      this.#busy -= 1;
      return ask(...question).finally(() => (this.#busy += 1));
    };
  }

  async setUp(): Promise<this> {
    const keys = await parseJwkSet(JSON.stringify(ask.keys), ['ES256']);
    this.#verifier = new Verifier(
      { issuer: ask.issuer, audiences: ['api'], type: 'at+jwt', leewaySeconds: ask.leeway, demands: {} },
      {
        slot: () => ({ keys, version: 1 }),
        ended: this.ended,
        freshness: () => this.freshness,
        whenLate: this.asker,
        now: () => Math.floor(this.world.now() / 1000),
        askForKey: () => {},
      },
    );
    return this;
  }

  #ask(token: string): Promise<boolean> {
    const name = Object.keys(ask.tokens).find((name) => ask.tokens[name] === token) ?? token;
    return new Promise((resolve, reject) => this.open.set(name, (active) => (active === null ? reject(new Error('no answer')) : resolve(active))));
  }

  request(name: string): void {
    const result = { outcome: 'waits' };
    this.#outcomes.push(result);
    this.#busy += 1;
    const over = (outcome: string) => {
      result.outcome = outcome;
      this.#busy -= 1;
    };
    this.#verifier?.verify(ask.tokens[name] ?? '', {}).then(
      () => over('accepted'),
      (error: unknown) => over(error instanceof Refusal ? error.reason : String(error)),
    );
  }

  /** Signatures are verified on other threads, however long that takes. */
  async #settle(): Promise<void> {
    do await settle();
    while (this.#busy > 0);
  }

  async play(step: AskStep, where: string): Promise<void> {
    await this.world.pass(step.at - this.world.time);
    if (step.feed) this.freshness = step.feed;
    for (const sid of step.feed ? (step.ended ?? []) : []) this.ended.add(sid, Infinity);
    for (const name of step.request ?? []) {
      this.request(name);
      await this.#settle(); // in this order
    }
    if (step.answer !== undefined) {
      const answer = this.open.get(step.answer);
      assert.ok(answer, `${where}: nobody has asked about ${step.answer}`);
      this.open.delete(step.answer);
      answer(step.active ?? null);
    }
    await this.#settle();
    if (!step.expect) return;
    assert.deepEqual(this.#outcomes.map(({ outcome }) => outcome), step.expect, where);
    assert.deepEqual([...this.open.keys()], step.asked, where);
    if (step.failure !== undefined) assert.equal(this.asker.failure !== undefined, step.failure, where);
    this.#outcomes = this.#outcomes.filter(({ outcome }) => outcome === 'waits');
  }
}

for (const { name, steps } of ask.cases) {
  test(`ask: ${name}`, async () => {
    assert.equal(ANSWER_WITHIN_MS, ask.answerWithin);
    const scene = await new Scene().setUp();
    for (const [index, step] of steps.entries()) await scene.play(step, `step ${index}`);
  });
}

test('neither questions nor answers are without number', async () => {
  const scene = await new Scene().setUp();
  const { world, asker, open } = scene;
  const outcomes: string[] = [];
  const request = (name: string) => void asker.ask(name, name, ask.now + 600).then((outcome) => outcomes.push(outcome));
  for (let number = 0; number < 1_000; number++) request(`${number}`);
  await world.pass(0);
  assert.deepEqual([outcomes.length, open.size], [0, 4]);
  request('one more');
  await world.pass(0);
  assert.deepEqual(outcomes, ['unknown']);
  request('999'); // it is open already
  await world.pass(0);
  assert.equal(outcomes.length, 1);

  const known = await new Scene().setUp();
  const learn = async (...names: string[]) => {
    const answers = names.map((name) => known.asker.ask(name, name, ask.now + 600));
    for (const [name, answer] of known.open) {
      known.open.delete(name);
      answer(true);
    }
    await Promise.all(answers);
  };
  for (let number = 0; number <= 10_000; number++) await learn(`${number}`);
  assert.deepEqual([known.asker.isActive('9999'), known.asker.isActive('10000')], [true, false], 'ten thousand are known');
  await known.world.pass(5_000);
  await learn('later');
  assert.ok(known.asker.isActive('later'), 'the old ones make room');
});

test('it is told once that the issuer does not answer, and once that it does again', async () => {
  const scene = await new Scene().setUp();
  for (const [at, active] of [[0, null], [1_000, null], [2_000, true], [7_000, null]] as const) {
    await scene.play({ at, request: ['a'] }, '');
    await scene.play({ at, answer: 'a', active }, '');
  }
  const [first, second, third, ...more] = scene.world.warnings;
  assert.match(first ?? '', /does not answer.*no answer/);
  assert.match(second ?? '', /answers .*again/);
  assert.match(third ?? '', /does not answer/);
  assert.deepEqual(more, []);
});

for (const { id, secret, authorization } of ask.clients) {
  test(`the client ${id} says who it is, and nothing else prints that`, async () => {
    const world = new World();
    world.respond = () => json({ active: true });
    const endpoint = new Endpoint(world, ask.issuer, { clientId: id, clientSecret: secret, url: URL_ }, 3_000);
    assert.equal(await endpoint.isActive('a.b.c'), true);
    const [request] = world.requests;
    assert.deepEqual([request?.method, request?.url, request?.redirect], ['POST', URL_, 'manual']);
    assert.equal(request?.headers.get('authorization'), authorization);
    assert.match(request?.headers.get('content-type') ?? '', /^application\/x-www-form-urlencoded(?:;|$)/);
    assert.equal(await request?.text(), 'token=a.b.c&token_type_hint=access_token');
    const guard = guardFor(world, { ask: { clientId: id, clientSecret: secret } });
    for (const shown of [endpoint, guard, guard.status()]) {
      const text = inspect(shown, { depth: Infinity, showHidden: true }) + JSON.stringify(shown);
      assert.ok(!text.includes(secret) && !text.includes(authorization.slice(6)), text);
    }
  });
}

for (const { name, status, headers, body, active } of ask.responses) {
  test(`the response: ${name}`, async () => {
    const world = new World();
    const location = headers['location']?.replace('{url}', URL_);
    world.respond = () => new Response(body === '' ? null : body, { status, headers: { ...headers, ...(location && { location }) } });
    const endpoint = new Endpoint(world, ask.issuer, { clientId: 'gateway', clientSecret: 'csc_secret', url: URL_ }, 3_000);
    const answer = await endpoint.isActive('a.b.c').catch((error: Error) => error);
    if (active !== null) return assert.equal(answer, active);
    assert.ok(answer instanceof Error && answer.message.startsWith(`${URL_}: `), String(answer));
    assert.ok(!answer.message.includes('csc_secret'));
    assert.equal(world.requests.length, 1);
  });
}

function guardFor(world: World, whenLate: WhenLate, options: Partial<GuardOptions> = {}) {
  return createGuard({ issuer: ask.issuer, audience: 'api', feed: { key: 'csf_key', whenLate }, environment: world, ...options });
}

test('the place to ask is in the metadata, on the host of the issuer, and looked up again after a failure', async () => {
  const world = new World();
  let introspection: unknown = URL_;
  let active: unknown = true;
  world.respond = ({ url }) => {
    if (url === URL_) return json({ active });
    if (url.endsWith('/keys')) return json(ask.keys);
    if (url.includes('/.well-known/')) return json({ issuer: ask.issuer, jwks_uri: `${ask.issuer}/keys`, introspection_endpoint: introspection });
    return json({}, {}, 404);
  };
  const guard = guardFor(world, { ask: { clientId: 'gateway', clientSecret: 'csc_secret' } });
  const outcome = async (name: string) => {
    const outcome = guard.verify(ask.tokens[name] ?? '', { roles: ['user'] }).then(
      () => 'accepted',
      (error: Refusal) => error.reason,
    );
    return outcome; // nothing in it waits for time
  };
  const metadata = () => world.requests.filter(({ url }) => url.includes('/.well-known/')).length;
  assert.equal(await outcome('a'), 'accepted');
  assert.equal(await outcome('b'), 'accepted');
  assert.equal(metadata(), 2, 'once for the keys, once for the question');
  active = 'yes';
  assert.equal(await outcome('c'), 'revocations_unavailable');
  assert.match(guard.status().feed?.askFailure ?? '', /does not say/);
  for (const [place, failure] of [
    ['https://evil.example/introspect', /introspection_endpoint is on another host; set whenLate\.ask\.url/],
    ['http://auth.example.com/introspect', /only https/],
    [undefined, /name no introspection_endpoint/],
  ] as const) {
    await world.pass(1_000);
    introspection = place;
    assert.equal(await outcome('c'), 'revocations_unavailable');
    assert.match(guard.status().feed?.askFailure ?? '', failure);
  }
  await world.pass(1_000);
  [introspection, active] = [URL_, false];
  assert.equal(await outcome('c'), 'revoked');
  assert.deepEqual([guard.status().feed?.askFailure, guard.status().feed?.ended], [undefined, 1]);
  for (const { url, headers } of world.requests) {
    assert.equal(headers.get('authorization')?.startsWith('Basic ') ?? false, url === URL_, url);
  }
});

test('what is demanded of a token is demanded after an answer too', async () => {
  const scene = await new Scene().setUp();
  const guard = guardFor(scene.world, { ask: { clientId: 'gateway', clientSecret: 'csc_secret', url: URL_ } }, { jwksUrl: `${ask.issuer}/keys` });
  scene.world.respond = ({ url }) => (url === URL_ ? json({ active: true }) : url.endsWith('/keys') ? json(ask.keys) : json({}, {}, 404));
  const outcome = guard.verify(ask.tokens['a'] ?? '', { roles: ['admin'] }).catch((error: Refusal) => error.reason);
  assert.equal(await outcome, 'missing_role');
});

test('an issuer that does not respond makes nobody wait longer than three seconds', async () => {
  const world = new World();
  world.respond = ({ url }) => (url === URL_ ? new Promise(() => {}) : url.endsWith('/keys') ? json(ask.keys) : json({}, {}, 404));
  const guard = guardFor(world, { ask: { clientId: 'gateway', clientSecret: 'csc_secret', url: URL_ } }, { jwksUrl: `${ask.issuer}/keys` });
  let outcome = 'waits';
  guard.verify(ask.tokens['a'] ?? '').catch((error: Refusal) => (outcome = error.code));
  while (!world.requests.some(({ url }) => url === URL_)) await settle();
  await world.pass(2_999);
  assert.equal(outcome, 'waits');
  await world.pass(1);
  assert.equal(outcome, 'revocations_unavailable');
  assert.match(guard.status().feed?.askFailure ?? '', /3000 ms/);
});

test('whom to ask must be said', () => {
  for (const whenLate of [
    { ask: { clientId: 'gateway', clientSecret: '' } },
    { ask: { clientId: '', clientSecret: 'csc_secret' } },
    { ask: { clientId: 'gateway', clientSecret: process.env['NOT_SET'] } },
    { ask: { clientId: 'gateway', clientSecret: 'csc_secret', url: 'http://auth.example.com/introspect' } },
    'ask',
    'rejct',
    {},
    { shortLeashSeconds: NaN },
  ]) {
    assert.throws(() => guardFor(new World(), whenLate as WhenLate), /whenLate is|clientSecret|only https/, JSON.stringify(whenLate));
  }
  const query = { issuer: 'https://auth.example.com/?x', jwksUrl: `${ask.issuer}/keys` };
  const client = { clientId: 'gateway', clientSecret: 'csc_secret' };
  assert.throws(() => guardFor(new World(), { ask: client }, query), /query/);
  guardFor(new World(), { ask: { ...client, url: 'http://localhost:3000/introspect' } }, query);
});
