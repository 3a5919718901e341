// Sessions that only one browser can continue, in real browsers against the real server: by a key of the client in IndexedDB (DPoP). By one
// of the browser itself: `dbsc.test.mjs`.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { HOUR_MS, IN, inWorld, PLAIN, PROVED, REFRESH } from './bound.mjs';
import { BROWSERS, freshProfile, holds, launch as launchBrowser } from './browsers.mjs';
import { codeOfStep, STEP_MS } from './oathtool.mjs';
import { DEMO, startWorld, until } from './server.mjs';

const LOGIN = 'POST /api/login';

for (const { name, launch } of BROWSERS) {
  describe(`a session that only one browser can continue, in ${name}`, () => {
    let world, browser, context, admin, at;

    before(async () => {
      [browser, world] = await Promise.all([launch(), startWorld()]);
      at = inWorld(world);
      admin = (await world.call('POST', '/api/login', { body: DEMO })).body.accessToken;
      world.pages.set('/app', PROVED);
      world.pages.set('/plain', PLAIN);
    });
    after(async () => {
      await browser?.close();
      await world?.stop();
    });

    async function visit(prepare) {
      world.weather = () => ({});
      context = await freshProfile(browser, context);
      return at.open(context, '/app', prepare);
    }
    async function signedIn(prepare) {
      const page = await visit(prepare);
      await at.signIn(page);
      world.log.length = 0;
      return page;
    }
    const isBound = async (page) => {
      const { sessions } = await page.evaluate(() => auth.fetch('/api/sessions').then((response) => response.json()));
      return sessions.find(({ current }) => current).bound;
    };
    /** All keys that the browser keeps for this origin; whether each can be read. */
    const keysOf = (page) =>
      page.evaluate(async () => {
        const opened = await new Promise((resolve, reject) => {
          const opening = indexedDB.open('countersign');
          opening.onsuccess = () => resolve(opening.result);
          opening.onerror = () => reject(opening.error);
        });
        const all = await new Promise((resolve) => {
          const getting = opened.transaction('keys').objectStore('keys').getAll();
          getting.onsuccess = () => resolve(getting.result);
        });
        opened.close();
        const canBeRead = (key) => crypto.subtle.exportKey('jwk', key).then(() => true, () => false);
        return Promise.all(all.map(({ privateKey }) => canBeRead(privateKey)));
      });
    const audited = async (kind) => (await world.call('GET', `/api/admin/audit?event=${kind}`, { token: admin })).body.events.length;

    test('a sign-in binds the session to a key that no script can read, and a reload continues it', async () => {
      const page = await signedIn();
      assert.equal(await isBound(page), true);
      assert.deepEqual(await keysOf(page), [false]);
      at.letPass(HOUR_MS);
      await at.reload(page);
      assert.deepEqual(await at.state(page), IN['signed-in']);
      const other = await at.open(context, '/app');
      assert.deepEqual(await at.state(other), IN['signed-in']);
    });

    test('a copy of the cookies is refused, its owner stays signed in, and it is noticed', async () => {
      const page = await signedIn();
      const before = await audited('device_proof_missing');
      at.letPass(HOUR_MS);
      const thief = await browser.createBrowserContext();
      try {
        await at.copyCookies(context, thief);
        world.log.length = 0;
        const stolen = await at.open(thief, '/app');
        assert.deepEqual(await at.state(stolen), IN.lost);
        assert.equal(world.count(REFRESH), 2, 'asked twice, and no more');
        const unproved = await at.open(thief, '/plain');
        assert.deepEqual(await at.state(unproved), IN.lost);
        assert.ok((await thief.cookies()).length > 0, 'no cookie is cleared');
      } finally {
        await thief.close();
      }
      await at.reload(page);
      assert.deepEqual(await at.state(page), IN['signed-in']);
      assert.ok((await audited('device_proof_missing')) > before);
    });

    /** Both tries of a refresh reach the server, no answer reaches the browser, and then it sleeps for an hour. */
    async function sleepsAfterLostAnswers(page) {
      at.letPass(HOUR_MS);
      world.log.length = 0;
      world.weather = (request) => (request === REFRESH ? { cut: 'reply' } : {});
      await at.wake(page);
      await holds(page, () => auth.state.offline);
      assert.ok(world.count(REFRESH) >= 2);
      world.weather = (request) => (request === REFRESH ? { cut: 'request' } : {});
      at.letPass(HOUR_MS);
      world.weather = () => ({});
      await at.wake(page);
      await until('the page has heard from the server', () => page.evaluate(() => !auth.state.offline));
    }

    test('a lost answer and a long sleep: the session goes on', async () => {
      const page = await signedIn();
      await sleepsAfterLostAnswers(page);
      assert.deepEqual(await at.state(page), IN['signed-in']);
      await at.reload(page);
      assert.deepEqual(await at.state(page), IN['signed-in']);
    });

    test('the same without a proof is taken for theft', async () => {
      world.weather = () => ({});
      context = await freshProfile(browser, context);
      const page = await at.open(context, '/plain');
      await at.signIn(page);
      assert.equal(await isBound(page), false);
      await sleepsAfterLostAnswers(page);
      await holds(page, () => auth.state.status === 'signed-out');
      assert.equal((await at.state(page)).reason, 'refresh_token_reused');
    });

    test('a lost key: signed out without a loop, and the next sign-in is bound anew', async () => {
      const page = await signedIn();
      await page.evaluate(() => new Promise((resolve) => (indexedDB.deleteDatabase('countersign').onsuccess = resolve)));
      at.letPass(HOUR_MS);
      world.log.length = 0;
      await at.reload(page);
      assert.deepEqual(await at.state(page), IN.lost);
      assert.equal(world.count(REFRESH), 2);
      await at.signIn(page);
      assert.equal(await isBound(page), true);
      at.letPass(HOUR_MS);
      await at.reload(page);
      assert.deepEqual(await at.state(page), IN['signed-in']);
    });

    test('tabs that sign in at once have one key', async () => {
      const pages = [await visit()];
      for (let n = 0; n < 3; n++) pages.push(await at.open(context, '/app'));
      await Promise.all(pages.map((page) => at.signIn(page)));
      assert.equal((await keysOf(pages[0])).length, 1);
      at.letPass(HOUR_MS);
      for (const page of pages) {
        await at.reload(page);
        assert.deepEqual(await at.state(page), IN['signed-in']);
      }
    });

    test('a browser that keeps nothing signs in all the same, unbound', async () => {
      const page = await signedIn((page) =>
        page.evaluateOnNewDocument(() => {
          Object.defineProperty(window, 'indexedDB', {
            get() {
              throw new DOMException('blocked', 'SecurityError');
            },
          });
        }),
      );
      assert.equal(await isBound(page), false);
      at.letPass(HOUR_MS);
      await at.reload(page);
      assert.deepEqual(await at.state(page), IN['signed-in']);
    });

    test('a clock that is a day off costs one request more', async () => {
      const page = await visit((page) =>
        page.evaluateOnNewDocument(() => {
          const now = Date.now.bind(Date);
          Date.now = () => now() + 86_400_000;
        }),
      );
      world.log.length = 0;
      await at.signIn(page);
      assert.equal(world.count(LOGIN), 2);
      assert.equal(await isBound(page), true);
      at.letPass(HOUR_MS);
      await at.reload(page);
      assert.deepEqual(await at.state(page), IN['signed-in']);
    });
  });
}

for (const { name, launch } of BROWSERS) {
  describe(`the server's own pages with a proof, in ${name}`, () => {
    let world, browser, context;

    before(async () => {
      [browser, world] = await Promise.all([launch(), startWorld({ 'pages.device_proof': 'on' })]);
    });
    after(async () => {
      await browser?.close();
      await world?.stop();
    });

    async function signsIn(username, password) {
      context = await freshProfile(browser, context);
      const page = await context.newPage();
      await page.goto(`${world.origin}/login`);
      await page.type('#username', username);
      await page.type('#password', password);
      await page.$eval('#submit', (button) => button.click());
      return page;
    }
    const arrives = (page, path) => until(`the page ${path}`, () => new URL(page.url()).pathname === path);
    /** What somebody gets who has the cookies, and nothing else. */
    async function thiefGets() {
      const cookie = (await context.cookies()).map(({ name, value }) => `${name}=${value}`).join('; ');
      return (await (await fetch(`http://127.0.0.1:${world.upstream}/api/refresh`, { method: 'POST', headers: { Cookie: cookie, 'Content-Type': 'application/json' }, body: '{}' })).json()).code;
    }

    test('a sign-in by password is bound, and the account page goes on with it', async () => {
      const page = await signsIn(DEMO.username, DEMO.password);
      await arrives(page, '/account');
      inWorld(world).letPass(HOUR_MS);
      assert.equal(await thiefGets(), 'device_proof_required');
      await page.reload();
      await holds(page, () => document.querySelector('#profile')?.innerText.includes('admin'));
    });

    test('so is one with a second step', async () => {
      const admin = (await world.call('POST', '/api/login', { body: DEMO })).body.accessToken;
      const who = { username: 'ada', password: 'plums on the kitchen table' };
      assert.equal((await world.call('POST', '/api/admin/users', { body: who, token: admin })).status, 201);
      const token = (await world.call('POST', '/api/login', { body: who })).body.accessToken;
      const { secret, enrolment } = (await world.call('POST', '/api/account/factors/offer', { token })).body;
      const now = Math.floor(Date.now() / STEP_MS);
      const added = await world.call('POST', '/api/account/factors', { body: { enrolment, newCode: codeOfStep(secret, now), name: 'Phone', currentPassword: who.password }, token });
      assert.equal(added.status, 201);
      const page = await signsIn(who.username, who.password);
      await page.waitForSelector('#second-code');
      // Each code is good once; that of the next step is taken too (RFC 6238 §5.2).
      await page.type('#second-code', codeOfStep(secret, now + 1));
      await page.keyboard.press('Enter');
      await arrives(page, '/account');
      inWorld(world).letPass(HOUR_MS);
      assert.equal(await thiefGets(), 'device_proof_required');
    });
  });
}

test('a private window of Firefox signs in, whatever it keeps', { skip: !BROWSERS.some(({ name }) => name === 'firefox') }, async () => {
  const world = await startWorld();
  world.pages.set('/app', PROVED);
  const browser = await launchBrowser('firefox', { extraPrefsFirefox: { 'browser.privatebrowsing.autostart': true } });
  try {
    const at = inWorld(world);
    const page = await at.open(browser.defaultBrowserContext(), '/app');
    await at.signIn(page);
    at.letPass(HOUR_MS);
    await at.reload(page);
    assert.deepEqual(await at.state(page), IN['signed-in']);
  } finally {
    await browser.close();
    await world.stop();
  }
});
