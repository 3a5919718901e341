// The guard against the real server.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createGuard, type FeedOptions, type Guard } from '../src/index.ts';
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

/** Its feed is somewhere else, so it is late. */
function asking(at: Server, clientSecret: string, feed: FeedOptions = { url: `${at.origin}/nothing` }): Guard {
  const whenLate = { ask: { clientId: 'gateway', clientSecret } };
  return createGuard({ issuer: at.origin, audience: at.origin, feed: { ...feed, whenLate }, warn: () => {} });
}

test('while the feed is late the server is asked about each session', async () => {
  const guard = asking(server, server.clientSecret);
  const [one, other] = [await server.login(), await server.login()];
  assert.equal((await guard.authenticate(other.bearer))['username'], 'demo');
  await one.logout();
  await assert.rejects(guard.authenticate(one.bearer), { reason: 'revoked' });
  await assert.rejects(guard.authenticate(one.bearer), { reason: 'revoked' });
  const { freshness, ended, failure, askFailure } = guard.status().feed ?? {};
  assert.deepEqual([freshness, ended, askFailure], ['late', 1, undefined]);
  assert.match(failure ?? '', /404/);
  await other.logout();
  const later = asking(server, server.clientSecret);
  await assert.rejects(later.authenticate(other.bearer), { reason: 'revoked' });
  later.close();
  guard.close();
});

test('a client that the server does not know gets no answer', async () => {
  const guard = asking(server, 'csc_wrong');
  const { bearer } = await server.login();
  await assert.rejects(guard.authenticate(bearer), { reason: 'revocations_unavailable', status: 503 });
  assert.match(guard.status().feed?.askFailure ?? '', /\/oauth2\/introspect: the response is 401/);
  guard.close();
});

test('a server that is gone answers nothing: 503, for a session that was not asked about before', async () => {
  const gone = await startServer();
  const guard = asking(gone, gone.clientSecret);
  const [known, other] = [await gone.login(), await gone.login()];
  await guard.authenticate(known.bearer);
  await gone.stop();
  await assert.rejects(guard.authenticate(other.bearer), { reason: 'revocations_unavailable' });
  assert.match(guard.status().feed?.askFailure ?? '', /ECONNREFUSED/);
  guard.close();
});

test('a fresh feed is not late, and nobody is asked', async () => {
  const guard = asking(server, 'csc_wrong', { key: server.feedKey });
  const { bearer, logout } = await server.login();
  const over = guard.watch(await guard.authenticate(bearer));
  await logout();
  assert.equal(await over, 'revoked');
  await assert.rejects(guard.authenticate(bearer), { reason: 'revoked' });
  assert.equal(guard.status().feed?.askFailure, undefined);
  guard.close();
});
