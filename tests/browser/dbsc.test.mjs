// Sessions that Chromium itself binds to a key (Device Bound Session Credentials), against the real server, over https. Where this Chromium
// does not do it with these flags, the test says so loudly. By a key of the client, in all browsers: `device.test.mjs`.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { HOUR_MS, IN, inWorld, PLAIN, REFRESH } from './bound.mjs';
import { BROWSERS, freshProfile, holds, launch } from './browsers.mjs';
import { startHttpsWorld, trustedCertificate } from './https.mjs';
import { freePort, until } from './server.mjs';

/** What makes Debian's Chromium bind sessions on this machine, without a TPM. The names are not stable. */
const DBSC = '--enable-features=DeviceBoundSessions:ForceEnableForTesting/true/RequireOriginTrialTokens/false,EnableBoundSessionCredentialsSoftwareKeysForManualTesting';

const launchBinding = (home) => launch('chromium', { args: [DBSC], env: { ...process.env, HOME: home } });

/** Whether this Chromium, with these flags, registers a key with a server that knows nothing else. */
async function bindsSessions() {
  const home = mkdtempSync(join(tmpdir(), 'countersign-dbsc-'));
  let isAsked = false;
  const server = createServer(trustedCertificate(home), (request, response) => {
    isAsked ||= request.url === '/register' && request.headers['secure-session-response'] !== undefined;
    if (request.url === '/login') response.setHeader('Secure-Session-Registration', '(ES256);path="/register";challenge="c"');
    response.setHeader('Content-Type', 'text/html');
    response.end('<title>probe</title>');
  });
  server.listen(0, 'localhost');
  await once(server, 'listening');
  const browser = await launchBinding(home);
  try {
    const page = await browser.newPage();
    await page.goto(`https://localhost:${server.address().port}/`);
    await page.evaluate(() => fetch('/login').then(() => {}));
    return await until('a registration', () => isAsked, 5_000).catch(() => false);
  } finally {
    await browser.close();
    server.closeAllConnections();
    server.close();
    rmSync(home, { recursive: true, force: true });
  }
}

describe('a session that Chromium itself has bound', { skip: !BROWSERS.some(({ name }) => name === 'chromium') }, () => {
  let world, home, user, browser, context, at, isAble, frontEnd;
  const REGISTER = 'POST /api/device/register';
  const RENEW = 'POST /api/device/refresh';

  before(async () => {
    isAble = await bindsSessions();
    if (!isAble) {
      const banner = '!'.repeat(100);
      console.error(`${banner}\nTHIS CHROMIUM DOES NOT BIND SESSIONS (DBSC) WITH THE FLAGS OF THIS TEST, SO NOTHING OF IT IS TESTED.\nThe flags have changed names before. Look for the present ones, and change DBSC in dbsc.test.mjs.\n${banner}`);
      return;
    }
    const port = await freePort();
    frontEnd = { origin: `https://localhost:${port}` };
    let certificate;
    ({ world, home, user, certificate } = await startHttpsWorld({ 'device_binding.dbsc': 'on', cors_origins: [frontEnd.origin] }));
    const html = `<!doctype html><title>front end</title><script type="module">
      import { createClient } from '${world.origin}/client.js';
      window.auth = createClient({ baseUrl: ${JSON.stringify(world.origin)} });
    </script>`;
    frontEnd.server = createServer(certificate, (_, response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end(html)).listen(port, 'localhost');
    await once(frontEnd.server, 'listening');
    at = inWorld(world);
    world.pages.set('/app', PLAIN);
    browser = await launchBinding(home);
  });
  after(async () => {
    await browser?.close();
    frontEnd?.server.closeAllConnections();
    frontEnd?.server.close();
    await world?.stop();
  });

  const bound = async (context) => (await context.cookies()).find(({ name }) => name === '__Host-bound');

  /** A sign-in, and the registration that the browser makes by itself. */
  async function registered(weather = () => ({})) {
    world.weather = weather;
    context = await freshProfile(browser, context);
    const page = await at.open(context, '/app');
    world.log.length = 0;
    await at.signIn(page, user);
    await until('the browser has registered a key', () => world.count(REGISTER) === 1);
    return page;
  }

  /** And the first proof, which it makes before one of its next requests, as soon as it knows of the registration. */
  async function signedIn() {
    const page = await registered();
    await until('the browser has proved its key', async () => {
      await page.evaluate(() => fetch('/healthz').then(() => {}));
      return bound(context);
    });
    return page;
  }

  const isBound = async (page) => {
    const { sessions } = await page.evaluate((url) => auth.fetch(url).then((response) => response.json()), `${world.origin}/api/sessions`);
    return sessions.find(({ current }) => current).bound;
  };

  /** The bound cookie has run out; ten minutes later, without the wait. */
  async function runsOut(context) {
    await context.deleteCookie(await bound(context));
    world.log.length = 0;
  }

  test('it registers a key by itself, and renews the proof when that has run out', async (t) => {
    if (!isAble) return t.skip('this Chromium binds no sessions: see above');
    const page = await signedIn();
    assert.equal(await isBound(page), true);
    at.letPass(HOUR_MS);
    await runsOut(context);
    await at.reload(page);
    assert.deepEqual(await at.state(page), IN['signed-in']);
    assert.equal(world.count(RENEW), 2, 'a challenge, and its answer');
    assert.ok(await bound(context));
  });

  test('a registration whose response was lost binds nothing, and signs nobody out', async (t) => {
    if (!isAble) return t.skip('this Chromium binds no sessions: see above');
    const page = await registered((request) => (request === REGISTER ? { cut: 'reply' } : {}));
    at.letPass(HOUR_MS);
    await at.reload(page);
    assert.deepEqual(await at.state(page), IN['signed-in']);
    assert.deepEqual([await isBound(page), world.count(RENEW), await bound(context)], [false, 0, undefined]);
  });

  test('a renewal that fails for a while signs nobody out', async (t) => {
    if (!isAble) return t.skip('this Chromium binds no sessions: see above');
    const page = await signedIn();
    at.letPass(HOUR_MS);
    await runsOut(context);
    world.weather = (request) => (request === RENEW ? { status: 503 } : {});
    await at.wake(page);
    await holds(page, () => auth.state.offline);
    assert.deepEqual(await at.state(page), IN['signed-in']);
    assert.ok(world.count(REFRESH) > 0, 'sent without a proof, and refused as in an outage');
    world.weather = () => ({});
    await at.wake(page);
    await holds(page, () => !auth.state.offline);
    assert.ok(await bound(context));
  });

  test('who signs in again gets another key, and the browser forgets the one before', async (t) => {
    if (!isAble) return t.skip('this Chromium binds no sessions: see above');
    const page = await signedIn();
    await page.evaluate(() => auth.logout());
    const before = await bound(context);
    world.log.length = 0;
    await at.signIn(page, user);
    await until('the browser has proved another key', async () => {
      await page.evaluate(() => fetch('/healthz').then(() => {}));
      const now = await bound(context);
      return now && now.value !== before?.value;
    });
    assert.equal(await isBound(page), true);
    await runsOut(context);
    await page.evaluate(() => fetch('/healthz').then(() => {}));
    assert.equal(world.count(RENEW), 2, 'a challenge and its answer, and nothing about the session before');
  });

  test('a jar that was copied is refused once the proof in it has run out, and its owner stays signed in', async (t) => {
    if (!isAble) return t.skip('this Chromium binds no sessions: see above');
    const page = await signedIn();
    at.letPass(HOUR_MS);
    const thief = await launchBinding(home);
    try {
      const profile = thief.defaultBrowserContext();
      await at.copyCookies(context, profile, (name) => name !== '__Host-bound');
      world.log.length = 0;
      const stolen = await at.open(profile, '/app');
      assert.deepEqual(await at.state(stolen), IN.lost);
      assert.deepEqual([world.count(REFRESH), world.count(REGISTER)], [2, 0]);
    } finally {
      await thief.close();
    }
    await at.reload(page);
    assert.deepEqual(await at.state(page), IN['signed-in']);
  });

  test('a front end on another origin of the same site renews the proof too', async (t) => {
    if (!isAble) return t.skip('this Chromium binds no sessions: see above');
    world.weather = () => ({});
    context = await freshProfile(browser, context);
    const page = await context.newPage();
    const isKnown = () => holds(page, () => window.auth && auth.state.status !== 'unknown');
    await page.goto(frontEnd.origin);
    await isKnown();
    world.log.length = 0;
    await at.signIn(page, user);
    await until('the browser has registered a key', () => world.count(REGISTER) === 1);
    await until('the browser has proved its key', async () => {
      await page.evaluate((url) => fetch(url, { method: 'POST', credentials: 'include' }).then(() => {}), `${world.origin}/api/refresh`);
      return world.count(RENEW) > 0;
    });
    at.letPass(HOUR_MS);
    await context.deleteCookie(...(await context.cookies()).filter(({ name }) => name === '__Host-bound'));
    world.log.length = 0;
    await page.reload();
    await isKnown();
    assert.deepEqual(await at.state(page), IN['signed-in']);
    assert.equal(world.count(RENEW), 2);
    assert.equal(await isBound(page), true);
  });

  test('a suspended tab whose last answer was lost is kept', async (t) => {
    if (!isAble) return t.skip('this Chromium binds no sessions: see above');
    const page = await signedIn();
    at.letPass(HOUR_MS);
    world.log.length = 0;
    world.weather = (request) => (request === REFRESH ? { cut: 'reply' } : {});
    await at.wake(page);
    await holds(page, () => auth.state.offline);
    world.weather = (request) => (request === REFRESH ? { cut: 'request' } : {});
    at.letPass(HOUR_MS);
    await runsOut(context);
    world.weather = () => ({});
    await at.wake(page);
    await until('the page has heard from the server', () => page.evaluate(() => !auth.state.offline));
    assert.deepEqual(await at.state(page), IN['signed-in']);
    await at.reload(page);
    assert.deepEqual(await at.state(page), IN['signed-in']);
  });
});

test('Firefox, which has nothing of this, loses nothing by it', { skip: !BROWSERS.some(({ name }) => name === 'firefox') }, async () => {
  const { world, user } = await startHttpsWorld({ 'device_binding.dbsc': 'on' });
  world.pages.set('/app', PLAIN);
  const browser = await launch('firefox', { acceptInsecureCerts: true });
  try {
    const at = inWorld(world);
    const page = await at.open(browser.defaultBrowserContext(), '/app');
    await at.signIn(page, user);
    at.letPass(HOUR_MS);
    await at.reload(page);
    assert.deepEqual(await at.state(page), IN['signed-in']);
    assert.deepEqual(world.log.filter((line) => line.includes('/api/device/')), []);
  } finally {
    await browser.close();
    await world.stop();
  }
});
