// BC-2: eight tabs of one session race to refresh, over and over, over a network that misbehaves in turn.
// No session is lost. `CYCLES=1000 SESSIONS=16 node --test storm.test.mjs` for the long run.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { BROWSERS, holds } from './browsers.mjs';
import { DEMO, sleep, startWorld, until } from './server.mjs';

const CYCLES = Number(process.env.CYCLES ?? 50);
const SESSIONS = Number(process.env.SESSIONS ?? 5);
const TABS = 8;
const GRACE_MS = 10_000;
const MIN_AGE_MS = 15_000;
/** A cycle begins when the server rotates again, so that each one really rotates. */
const CYCLE_MS = MIN_AGE_MS + 500;
const REFRESH = 'POST /api/refresh';

/** What the network does in one cycle, to the requests of one session. */
const NETWORKS = {
  fine: () => () => ({}),
  'reply cut': () => first((entry) => entry === REFRESH, { cut: 'reply' }),
  slow: () => () => ({ delayMs: 200 + Math.random() * 600 }),
  'reply swallowed': () => first((entry) => entry === REFRESH, { swallow: true }),
  'request cut': () => first((entry) => entry === REFRESH, { cut: 'request' }),
  overloaded: () => first((entry) => entry === REFRESH, { status: 503 }),
  'gone for two seconds': () => {
    const back = Date.now() + 2_000;
    return () => (Date.now() < back ? { cut: 'request' } : {});
  },
};

function first(matches, what) {
  let isDone = false;
  return (entry) => {
    if (isDone || !matches(entry)) return {};
    isDone = true;
    return what;
  };
}

// Both browsers at once: most of a cycle is waiting.
describe('storm', { concurrency: true }, () => {
  for (const { name, launch } of BROWSERS) describe(`in ${name}`, () => storm(launch));
});

function storm(launch) {
  let world, browser;
  const networks = new Map();

  before(async () => {
    world = await startWorld({ 'session.grace': `${GRACE_MS}ms`, 'session.min_age': `${MIN_AGE_MS}ms` });
    world.pages.set('/tab', readFileSync(new URL('tab.html', import.meta.url), 'utf8'));
    world.weather = (entry, session) => networks.get(session)?.(entry) ?? {};
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    await world?.stop();
  });

  test(`${CYCLES} cycles, no false logout`, async () => {
    const each = Math.ceil(CYCLES / SESSIONS);
    const rotations = await Promise.all(Array.from({ length: SESSIONS }, (_, index) => runSession(index, each)));
    assert.ok(rotations.every((count) => count >= each), `each cycle has refreshed: ${rotations}`);
  });

  async function runSession(index, cycles) {
    const session = String(index);
    // Every second session is of a browser without locks and channels.
    const query = `?session=${session}${index % 2 ? '&plain' : ''}`;
    const context = await browser.createBrowserContext();
    const open = async () => {
      const page = await context.newPage();
      await page.goto(`${world.origin}/tab${query}`);
      await holds(page, () => window.auth);
      return page;
    };
    const pages = [await open()];
    await signIn(pages[0]);
    while (pages.length < TABS) pages.push(await open());

    let refreshes = 0;
    // Not all sessions at once: together they would be a storm beyond every bound.
    await sleep((index * CYCLE_MS) / SESSIONS);
    for (let cycle = 0; cycle < cycles; cycle++) {
      const kinds = Object.keys(NETWORKS);
      const kind = kinds[(cycle + index) % kinds.length];
      await sleep(CYCLE_MS);
      networks.set(session, NETWORKS[kind]());
      refreshes += await race(pages, `cycle ${cycle}, session ${index}, network ${kind}`);
      networks.delete(session);
      if (cycle % 3 === 2) {
        // A tab is closed and opened again, another one reloaded.
        await pages.pop().close();
        pages.push(await open());
        await pages[0].reload();
        await holds(pages[0], () => window.auth);
      }
    }
    return refreshes;
  }

  /** Signs in, as soon as the server's throttle admits another sign-in from this address. */
  async function signIn(page) {
    await until('a sign-in', async () => {
      const waitMs = await page.evaluate(
        ({ username, password }) => auth.ready.then(() => auth.login(username, password)).then(() => 0, (error) => error.retryAfterMs ?? Promise.reject(error)),
        DEMO,
      );
      await sleep(waitMs);
      return waitMs === 0;
    }, 600_000);
    await page.evaluate(() => (seen.states.length = 0));
  }

  /** All tabs' tokens expire at once, and all tabs want one at once. */
  async function race(pages, what) {
    const already = await sum(pages);
    await Promise.all(pages.map((page) => page.evaluate(() => {
      window.skewMs += 3_600_000;
      return auth.fetch('/api/profile').catch(() => {});
    })));
    for (const page of pages) {
      await until(`a token in ${what}`, async () => {
        const [status, code] = await page.evaluate(async () => [auth.state.status, await auth.fetch('/api/profile').then((response) => response.status, (error) => error.code)]);
        assert.notEqual(status, 'signed-out', `false logout in ${what}`);
        return code === 200;
      }, 30_000);
    }
    const seen = await Promise.all(pages.map((page) => page.evaluate(() => ({ most: window.seen.most, states: window.seen.states }))));
    for (const { most, states } of seen) {
      assert.ok(most <= 1, `one refresh at a time in ${what}`);
      assert.ok(!states.includes('signed-out'), `false logout in ${what}: ${states}`);
    }
    const count = (await sum(pages)) - already;
    assert.ok(count <= TABS * 4, `${count} refreshes in ${what}`);
    return count > 0 ? 1 : 0;
  }

  async function sum(pages) {
    const counts = await Promise.all(pages.map((page) => page.evaluate(() => window.seen.refreshes)));
    return counts.reduce((a, b) => a + b, 0);
  }
}
