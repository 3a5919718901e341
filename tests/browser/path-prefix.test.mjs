// The pages of a server below a path.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { BROWSERS, holds } from './browsers.mjs';
import { DEMO, startWorld } from './server.mjs';

for (const { name, launch } of BROWSERS) {
  describe(`below a path in ${name}`, () => {
    let world, browser;

    before(async () => {
      world = await startWorld({ path_prefix: '/auth' });
      browser = await launch();
    });
    after(async () => {
      await browser?.close();
      await world?.stop();
    });

    test('every page loads what it needs, signs in and leads to the others', async () => {
      const page = await browser.newPage();
      const failed = [];
      page.on('response', (response) => {
        if (response.status() >= 400) failed.push(response.url());
      });
      await page.goto(`${world.origin}/auth`);
      assert.equal(page.url(), `${world.origin}/auth/`);
      assert.match(await page.$eval('main', (main) => main.textContent), new RegExp(`curl -X POST ${world.origin}/auth/api/login`));
      await page.click('#start');
      await holds(page, () => location.pathname === '/auth/login' && document.querySelector('#username'));
      await page.goto(`${world.origin}/auth/admin`);
      await holds(page, () => location.pathname === '/auth/login');
      await page.type('#username', DEMO.username);
      await page.type('#password', DEMO.password);
      await page.click('#submit');
      await holds(page, () => location.pathname === '/auth/admin' && document.querySelector('tbody tr'));
      for (const place of ['account', 'debugger', '']) {
        await page.goto(`${world.origin}/auth/${place}`);
        await holds(page, () => document.querySelector('nav a'));
        const links = await page.$$eval('nav a, a.brand', (anchors) => anchors.map((anchor) => anchor.pathname));
        assert.ok(links.every((link) => link.startsWith('/auth/')), links.join(' '));
      }
      assert.deepEqual(failed, []);
    });
  });
}
