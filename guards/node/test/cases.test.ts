// The case table, against the guard without its network.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EndedSessions } from '../src/feed/ended.ts';
import { FRESH_FOR_MS, FeedState } from '../src/feed/state.ts';
import { Refusal } from '../src/index.ts';
import { parseJwkSet } from '../src/jwk-set.ts';
import type { Policy } from '../src/policy.ts';
import { Verifier, type Knowledge } from '../src/verifier.ts';
import { feed, tokens, type FeedStep, type PolicyRow, type TokenCase } from './table.ts';

async function verifierFor(row: TokenCase): Promise<Verifier> {
  const { algorithms, ...policy } = policyOf(tokens.policies[row.policy ?? 'default'] as PolicyRow);
  const set = row.keys === null ? undefined : tokens.keys[row.keys ?? 'main'];
  const keys = set && (await parseJwkSet(JSON.stringify(set), algorithms));
  const ended = new EndedSessions();
  for (const sid of row.ended ?? []) ended.add(sid, Infinity);
  const whenLate: Knowledge['whenLate'] = row.whenLate === 'short leash' ? { shortLeashSeconds: 120 } : row.whenLate === 'reject' ? 'reject' : 'accept';
  const known = { slot: () => ({ keys, version: 1 }), ended, freshness: () => row.feed ?? 'fresh', whenLate, now: () => tokens.now, askForKey: () => {} };
  return new Verifier(policy, known);
}

function policyOf({ issuer, audience, type, leeway, algorithms, scopes, roles }: PolicyRow): Policy & Pick<PolicyRow, 'algorithms'> {
  return { issuer, audiences: audience, type, leewaySeconds: leeway, demands: { scopes, roles }, algorithms };
}

for (const row of tokens.cases) {
  test(`token: ${row.name}`, async () => {
    const verifier = await verifierFor(row);
    const authorization = (row.authorization ?? ['Bearer {token}']).map((value) => value.replace('{token}', row.token));
    // Twice: the second time from the cache, if it was accepted.
    for (let time = 0; time < 2; time++) {
      const outcome = await verifier.authenticate(authorization, row.demand ?? {}).catch((error: unknown) => error);
      if (row.accept) {
        const payload = Buffer.from(row.token.split('.')[1] ?? '', 'base64url').toString();
        assert.deepEqual({ ...(outcome as object) }, JSON.parse(payload));
        continue;
      }
      assert.ok(outcome instanceof Refusal, String(outcome));
      const challenge = outcome.headers['www-authenticate'];
      const error = /error="(\w+)"/.exec(challenge ?? '')?.[1] ?? null;
      assert.deepEqual({ reason: outcome.reason, status: outcome.status, code: outcome.code, error }, row.refuse);
      assert.equal(challenge === undefined, outcome.status === 503);
      assert.equal('retry-after' in outcome.headers, outcome.status === 503);
      assert.equal(outcome.body.code, outcome.code);
    }
  });
}

for (const { name, steps } of feed.cases) {
  test(`feed: ${name}`, () => {
    assert.equal(FRESH_FOR_MS, feed.freshFor);
    const ended = new EndedSessions();
    const state = new FeedState(feed.issuer, ended);
    steps.forEach((step, index) => play(step, state, ended, `step ${index}`));
  });
}

function play(step: FeedStep, state: FeedState, ended: EndedSessions, where: string): void {
  if (step.connect) assert.equal(state.connect(step.at) ?? null, step.cursor, where);
  if (step.receive !== undefined) {
    const bytes = new TextEncoder().encode(step.receive.repeat(step.times ?? 1));
    for (const part of step.bytewise ? [...bytes].map((byte) => Uint8Array.of(byte)) : [bytes]) state.receive(part, step.at);
  }
  if (step.withdrawn) assert.deepEqual([...state.withdrawn].sort(), [...step.withdrawn].sort(), where);
  if (step.expect === undefined) return;
  const now = (feed.serverNow + step.at) / 1000;
  assert.equal(state.freshness(step.at), step.expect, where);
  for (const sid of step.ended ?? []) assert.ok(ended.has(sid, now), `${where}: ${sid} has ended`);
  for (const sid of step.alive ?? []) assert.ok(!ended.has(sid, now), `${where}: ${sid} is alive`);
  for (const iat of step.refused ?? []) assert.ok(ended.refuses({ iat }, now), `${where}: ${iat} is too early`);
  for (const iat of step.accepted ?? []) assert.ok(!ended.refuses({ iat }, now), `${where}: ${iat} is not too early`);
  if (step.open !== undefined) assert.equal(state.isOpen, step.open, `${where}: ${state.failure}`);
}
