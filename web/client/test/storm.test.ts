// BC-2: many tabs, bad networks, virtual years: no user within the bounds of the server's windows is ever
// signed out, and no tab has two refreshes in flight.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Browser, during, Server, World } from './world.ts';

const CYCLES = Number(process.env['CYCLES'] ?? 50);

/** mulberry32: small, and the same on every machine. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

// One response lost just after the server rotated: 5 s until the client gives up, a pause of up to
// 0.375 s, the second try there and back, and before its cookie arrives another tab sends the old
// one: grace >= 5.4 s + 3 D. So 10 s cover delays of 1.5 s one way, 13 s those of 2.5 s.
const WINDOWS = [
  { graceMs: 10_000, freshMs: 15_000, delayMs: 1_500 },
  { graceMs: 13_000, freshMs: 18_000, delayMs: 2_500 },
];

for (const { graceMs, freshMs, delayMs } of WINDOWS)
for (const withLocks of [true, false]) {
  test(`no_false_logout_in_${CYCLES}_cycles_of_eight_tabs_with_grace_${graceMs}_${withLocks ? 'with' : 'without'}_locks`, async () => {
    const world = new World();
    const server = new Server(world);
    Object.assign(server, { ttlSeconds: 60, graceMs, freshMs });
    const browser = new Browser(world, server);
    const random = chance(withLocks ? 1 : 2);
    const options = withLocks ? {} : { locks: undefined, openChannel: () => undefined };
    const tabs = Array.from({ length: 8 }, () => browser.tab({ ...options, random }));
    await world.pass(1_000);
    const first = tabs[0];
    assert.ok(first);
    await during(world, 1_000, first.client.login('alice', 'correct horse battery'));
    for (let i = 1; i < tabs.length; i++) tabs[i] = browser.tab({ ...options, random });
    await world.pass(1_000);

    for (let cycle = 0; cycle < CYCLES; cycle++) {
      // One lost message in a grace window.
      let losses = 1;
      browser.weather = (path) => {
        const thereMs = random() * delayMs;
        const backMs = random() * delayMs;
        const isLost = path === '/api/refresh' && losses > 0 && random() < 0.3;
        if (isLost) losses--;
        return { thereMs, backMs, ...(isLost && { lose: random() < 0.5 ? 'request' : 'reply' }) };
      };
      browser.online = random() > 0.1;
      for (const tab of tabs) {
        tab.visible = random() > 0.3;
        if (random() < 0.3) tab.wallOffsetMs = (random() - 0.5) * 2 * 86_400_000;
        if (random() < 0.5) tab.wake(random() < 0.5);
        if (random() < 0.3) tab.client.fetch('https://app.example/api/profile').catch(() => {});
      }
      const index = 1 + Math.floor(random() * 7);
      if (random() < 0.3) {
        tabs[index]?.client.dispose();
        tabs[index] = browser.tab({ ...options, random });
      }
      await world.pass(5_000 + random() * 120_000);
      // A response that is lost just before the network goes away for longer than the grace is beyond
      // the bounds: so the last seconds of a cycle lose nothing.
      losses = 0;
      await world.pass(16_000);
      for (const tab of tabs) {
        assert.notEqual(tab.client.state.status, 'signed-out', `cycle ${cycle}: ${JSON.stringify(tab.client.state)}`);
        assert.ok(tab.mostInFlight <= 1);
      }
    }
    assert.ok(server.count('/api/refresh') > CYCLES, 'the storm has raged');
    assert.equal(server.sessions.get('s1')?.over, undefined);
  });
}
