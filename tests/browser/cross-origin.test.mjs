// A front end on another origin of the same site, as with app.example.com and id.example.com.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { BROWSERS, holds } from './browsers.mjs';
import { DEMO, freePort, startWorld } from './server.mjs';

for (const { name, launch } of BROWSERS) {
  describe(`another origin in ${name}`, () => {
    let world, front, browser, origin;

    before(async () => {
      const port = await freePort();
      origin = `http://localhost:${port}`;
      world = await startWorld({ cors_origins: origin });
      const html = `<script type="module">
        import { createClient } from '${world.origin}/client.js';
        window.auth = createClient({ baseUrl: ${JSON.stringify(world.origin)} });
      </script>`;
      front = createServer((_request, response) => {
        response.writeHead(200, { 'Content-Type': 'text/html' }).end(html);
      }).listen(port, 'localhost');
      await once(front, 'listening');
      browser = await launch();
    });
    after(async () => {
      await browser?.close();
      front?.closeAllConnections();
      front?.close();
      await world?.stop();
    });

    async function open(from) {
      const page = await (await browser.createBrowserContext()).newPage();
      await page.goto(from);
      await holds(page, () => window.auth);
      return page;
    }

    test('signs in, calls the API, restores after a reload, signs out', async () => {
      const page = await open(origin);
      await page.evaluate(({ username, password }) => auth.login(username, password), DEMO);
      const profile = () => page.evaluate((api) => auth.fetch(`${api}/api/profile`).then((response) => response.status), world.origin);
      assert.equal(await profile(), 200);
      await page.reload();
      await holds(page, () => window.auth?.user?.username === 'admin');
      assert.equal(await profile(), 200);
      assert.deepEqual(await page.evaluate(() => auth.logout()), { revoked: true });
      await page.reload();
      await holds(page, () => window.auth?.state.status === 'signed-out');
    });

    test('an origin that is not configured gets nothing', async () => {
      const page = await open(origin);
      await page.evaluate(({ username, password }) => auth.login(username, password), DEMO);
      const stranger = createServer((_request, response) => response.end('<title>stranger</title>')).listen(0, 'localhost');
      await once(stranger, 'listening');
      await page.goto(`http://localhost:${stranger.address().port}`);
      const refreshed = await page.evaluate(
        (api) => fetch(`${api}/api/refresh`, { method: 'POST', credentials: 'include', headers: { 'Content-Type': 'application/json' }, body: '{}' }).then(() => 'read', () => 'refused'),
        world.origin,
      );
      const imported = await page.evaluate((api) => import(`${api}/client.js`).then(() => 'read', () => 'refused'), world.origin);
      stranger.close();
      assert.deepEqual([refreshed, imported], ['refused', 'refused']);
    });

    test('shares the sign-in page, which leads back to configured origins only', async () => {
      const signIn = (to) => `${world.origin}/login?return_to=${encodeURIComponent(to)}`;
      const page = await (await browser.createBrowserContext()).newPage();
      await page.goto(signIn(`${origin}/cart?item=1`));
      await page.type('#username', DEMO.username);
      await page.type('#password', DEMO.password);
      await page.click('#submit');
      await holds(page, () => location.pathname === '/cart' && window.auth?.user?.username === 'admin');
      assert.equal(page.url(), `${origin}/cart?item=1`);
      // A signed-in user is led on at once; a stranger's address is not followed.
      await page.goto(signIn('https://stranger.example/'));
      await holds(page, () => location.pathname === '/account');
      assert.equal(new URL(page.url()).origin, world.origin);
    });
  });
}
