// The client in real browsers against the real server: users are signed out only when they should be.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { BROWSERS, freshProfile, holds } from './browsers.mjs';
import { DEMO, sleep, startWorld, until } from './server.mjs';

const TAB = readFileSync(new URL('tab.html', import.meta.url), 'utf8');
const REFRESH = 'POST /api/refresh';

for (const { name, launch } of BROWSERS) {
  describe(`client in ${name}`, () => {
    let world, browser, context;

    before(async () => {
      world = await startWorld({ 'session.grace': '10s', 'session.min_age': '15s' });
      world.pages.set('/tab', TAB);
      browser = await launch();
    });
    after(async () => {
      await browser?.close();
      await world?.stop();
    });

    /** A fresh browser profile in which the demo user has signed in. */
    async function signedInTab({ expiresIn, query } = {}) {
      world.weather = () => ({});
      world.expiresIn = expiresIn;
      context = await freshProfile(browser, context);
      const tab = await openTab(query);
      await tab.evaluate(({ username, password }) => auth.login(username, password), DEMO);
      world.log.length = 0;
      return tab;
    }

    async function openTab(query = '') {
      const page = await context.newPage();
      await page.goto(`${world.origin}/tab${query}`);
      await holds(page, () => window.auth);
      await page.evaluate(() => auth.ready.then(() => {}));
      return page;
    }

    const status = (page) => page.evaluate(() => auth.state.status);
    const state = (page) => page.evaluate(() => auth.state);
    const profile = (page) => page.evaluate(() => auth.fetch('/api/profile').then((response) => response.status, (error) => error.code));

    test('a wrong password is an error and nothing more', async () => {
      const tab = await signedInTab();
      const code = await tab.evaluate(() => auth.login('admin', 'wrong').catch((error) => error.code));
      assert.equal(code, 'invalid_credentials');
      assert.equal(await status(tab), 'signed-in');
    });

    // BC-1.
    test('after sign-in no storage and no address holds a token', async () => {
      const tab = await signedInTab();
      const token = await tab.evaluate(() => auth.token());
      assert.match(token, /^ey/);
      const places = await tab.evaluate(async () => ({
        local: JSON.stringify(localStorage),
        session: JSON.stringify(sessionStorage),
        databases: JSON.stringify(await indexedDB.databases()),
        caches: JSON.stringify(await (window.caches?.keys() ?? [])),
        cookie: document.cookie,
        name: window.name,
        url: location.href,
      }));
      assert.deepEqual(places, { local: '{}', session: '{}', databases: '[]', caches: '[]', cookie: '', name: '', url: `${world.origin}/tab` });
    });

    test('a reload restores the session', async () => {
      const tab = await signedInTab();
      await tab.reload();
      await holds(tab, () => window.auth?.user?.username === 'admin');
      assert.equal(await profile(tab), 200);
    });

    test('a token that has expired is renewed once for thirty requests', async () => {
      const tab = await signedInTab({ expiresIn: 1 });
      await sleep(1_100);
      const statuses = await tab.evaluate(() => Promise.all(Array.from({ length: 30 }, () => auth.fetch('/api/profile').then((response) => response.status))));
      assert.deepEqual(new Set(statuses), new Set([200]));
      assert.ok(await tab.evaluate(() => seen.most) <= 1);
    });

    test('a device that has slept for an hour renews its token', async () => {
      const tab = await signedInTab();
      await tab.evaluate(() => {
        window.skewMs = 3_600_000;
        document.dispatchEvent(new Event('visibilitychange'));
      });
      await until('a refresh', () => world.count(REFRESH) === 1);
      assert.equal(await status(tab), 'signed-in');
      assert.equal(await profile(tab), 200);
    });

    for (const days of [-1, 1]) {
      test(`a clock that is off by ${days} day does no harm`, async () => {
        const tab = await signedInTab({ query: `?skew=${days * 86_400_000}` });
        assert.equal(await profile(tab), 200);
        assert.equal(world.count(REFRESH), 0, 'the token is known to be fresh');
        await tab.reload();
        await holds(tab, () => window.auth?.user);
        assert.equal(await profile(tab), 200);
      });
    }

    for (const loss of ['cut', 'swallow']) {
      test(`a reply that is lost after the server has committed (${loss})`, async () => {
        const tab = await signedInTab({ expiresIn: 60 });
        await sleep(15_100);
        let lost = 0;
        world.weather = (entry) => (entry === REFRESH && lost++ === 0 ? (loss === 'cut' ? { cut: 'reply' } : { swallow: true }) : {});
        await tab.reload();
        await holds(tab, () => window.auth?.state.status === 'signed-in');
        assert.equal(world.count(REFRESH), 2);
        world.weather = () => ({});
        await tab.reload();
        await holds(tab, () => window.auth?.state.status === 'signed-in');
      });
    }

    test('offline and back', async () => {
      const tab = await signedInTab({ expiresIn: 1 });
      world.weather = () => ({ cut: 'request' });
      await sleep(1_100);
      assert.equal(await profile(tab), 'network');
      assert.equal((await state(tab)).offline, true);
      assert.equal(await status(tab), 'signed-in');
      world.weather = () => ({});
      await tab.evaluate(() => window.dispatchEvent(new Event('online')));
      await holds(tab, () => auth.state.offline === false);
      assert.equal(await profile(tab), 200);
      assert.ok(world.count(REFRESH) <= 6, `${world.count(REFRESH)} refreshes`);
    });

    test('a slow network', async () => {
      const tab = await signedInTab({ expiresIn: 1 });
      await sleep(1_100);
      world.weather = () => ({ delayMs: 2_000 });
      assert.equal(await profile(tab), 200);
      assert.equal(await status(tab), 'signed-in');
    });

    test('an overloaded server keeps users signed in', async () => {
      const tab = await signedInTab({ expiresIn: 1 });
      world.weather = (entry) => (entry === REFRESH ? { status: 503 } : {});
      await sleep(1_100);
      assert.equal(await profile(tab), 'unavailable');
      assert.equal(await status(tab), 'signed-in');
      world.weather = () => ({});
      await tab.evaluate(() => window.dispatchEvent(new Event('online')));
      await holds(tab, () => auth.state.offline === false);
      assert.equal(await profile(tab), 200);
    });

    test('logout in one tab reaches the others, and a reload', async () => {
      const tab = await signedInTab();
      const others = [await openTab(), await openTab()];
      for (const other of others) assert.equal(await status(other), 'signed-in');
      const { revoked } = await tab.evaluate(() => auth.logout());
      assert.equal(revoked, true);
      for (const other of others) await holds(other, () => auth.state.status === 'signed-out');
      assert.equal(await profile(others[0]), 401);
      await tab.reload();
      await holds(tab, () => window.auth?.state.status === 'signed-out');
    });

    test('logout without a connection says so, holds over a reload, and is told later', async () => {
      const tab = await signedInTab();
      const token = await tab.evaluate(() => auth.token());
      world.weather = () => ({ cut: 'request' });
      const { revoked } = await tab.evaluate(() => auth.logout());
      assert.equal(revoked, false);
      assert.deepEqual(await state(tab), { status: 'signed-out', user: null, reason: 'logout', pending: true });
      assert.equal((await world.call('GET', '/api/profile', { token })).status, 200, 'the server cannot know yet');
      world.weather = () => ({});
      await tab.reload();
      await holds(tab, () => window.auth?.state.status === 'signed-out' && !auth.state.pending);
      assert.equal((await world.call('GET', '/api/profile', { token })).status, 401);
      assert.equal(await tab.evaluate(() => localStorage.length), 0);
    });

    test('a session that is ended from another device is over here', async () => {
      const tab = await signedInTab();
      const sessionId = await tab.evaluate(async () => JSON.parse(atob((await auth.token()).split('.')[1].replace(/-/g, '+').replace(/_/g, '/'))).sid);
      const phone = await world.call('POST', '/api/login', { body: DEMO });
      const ended = await world.call('DELETE', `/api/sessions/${sessionId}`, { token: phone.body.accessToken });
      assert.equal(ended.status, 204);
      assert.equal(await profile(tab), 401);
      assert.deepEqual(await state(tab), { status: 'signed-out', user: null, reason: 'session_revoked', pending: false });
    });

    test('a changed password ends the other sessions and keeps this one', async () => {
      const admin = await world.call('POST', '/api/login', { body: DEMO });
      const user = { username: `carol-${Date.now()}`, password: 'a password of many words' };
      assert.equal((await world.call('POST', '/api/admin/users', { body: user, token: admin.body.accessToken })).status, 201);
      const tab = await signedInTab();
      await tab.evaluate(({ username, password }) => auth.login(username, password), user);
      const phone = await world.call('POST', '/api/login', { body: user });
      const changed = await tab.evaluate(
        (currentPassword) =>
          auth
            .fetch('/api/password', {
              method: 'PUT',
              headers: { 'Content-Type': 'application/json' },
              body: JSON.stringify({ currentPassword, newPassword: 'another one of many words' }),
            })
            .then((response) => response.status),
        user.password,
      );
      assert.equal(changed, 204);
      assert.equal((await world.call('GET', '/api/profile', { token: phone.body.accessToken })).status, 401);
      assert.equal(await profile(tab), 200);
      await tab.reload();
      await holds(tab, (username) => window.auth?.user?.username === username, user.username);
    });

    test('a frozen tab holds up the others for two seconds at most', async () => {
      const tab = await signedInTab();
      await tab.evaluate((lock) => void navigator.locks.request(lock, () => new Promise(() => {})), `countersign:${world.origin}/`);
      const started = performance.now();
      const other = await openTab();
      assert.equal(await status(other), 'signed-in');
      // An upper bound for a hang, not a measurement: a client that waits for the lock would never get here.
      assert.ok(performance.now() - started < 20_000);
    });

    test('the page of the README, as it is printed there', async () => {
      const readme = readFileSync(new URL('../../web/client/README.md', import.meta.url), 'utf8');
      const html = /^```html\n(.*?)^```/ms.exec(readme)[1];
      assert.ok(html.trim().split('\n').length <= 10, 'ten lines');
      world.pages.set('/ten-lines', html);
      const tab = await signedInTab();
      await tab.goto(`${world.origin}/ten-lines`);
      await holds(tab, () => document.querySelector('#hello').textContent === 'Hello admin');
      await tab.goto(`${world.origin}/tab`);
      await holds(tab, () => window.auth?.user);
      await tab.evaluate(() => auth.logout());
      await tab.goto(`${world.origin}/ten-lines`);
      await until('the sign-in page', () => tab.url() === `${world.origin}/login?return_to=%2Ften-lines`);
    });
  });
}
