// The guard against the real server.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createGuard, type Guard } from '../src/index.ts';
import { startServer, type Server } from './server.ts';

let server: Server;
before(async () => void (server = await startServer()));
after(() => server.stop());

function guardFor(feedKey: string): Guard {
  return createGuard({
    issuer: server.origin,
    audience: server.origin,
    feed: { key: feedKey, whenLate: 'reject' },
    warn: () => {},
  });
}

test('a logout at the server ends the token here', async () => {
  const guard = guardFor(server.feedKey);
  await guard.ready();
  const [one, other] = [await server.login(), await server.login()];
  const claims = await guard.authenticate(one.bearer);
  assert.equal(claims['username'], 'demo');
  const over = guard.watch(claims);
  await one.logout();
  assert.equal(await over, 'revoked');
  await assert.rejects(guard.authenticate(one.bearer), { reason: 'revoked' });
  await guard.authenticate(other.bearer);

  // A guard that starts later learns of it from the snapshot, without being told to wait.
  const late = guardFor(server.feedKey);
  await assert.rejects(late.authenticate(one.bearer), { reason: 'revoked' });
  await late.authenticate(other.bearer);
  assert.equal(late.status().feed?.freshness, 'fresh');
  late.close();
  guard.close();
});

test('a wrong feed key leaves the guard late', async () => {
  const guard = guardFor(`csf_${'A'.repeat(30)}`);
  const { bearer } = await server.login();
  await assert.rejects(guard.authenticate(bearer), { reason: 'revocations_unavailable' });
  assert.match(guard.status().feed?.failure ?? '', /401/);
  await assert.rejects(guard.ready({ timeoutMs: 1 }), /not ready: .*401/);
  guard.close();
});
