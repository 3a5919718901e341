// The pages with the name of a product, and without those that are off.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BROWSERS, freshProfile, holds } from './browsers.mjs';
import { lookAt } from './look.mjs';
import { DEMO, startWorld } from './server.mjs';

// It would write its mark into a page that let it, and into a document of its own.
const LOGO = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 90 30" onload="document.documentElement.id = 'ran'">
  <rect width="90" height="30" rx="6" fill="#a33"/><script>document.documentElement.id = 'ran';</script></svg>`;

for (const { name, launch } of BROWSERS) {
  describe(`a product's pages in ${name}`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'countersign-logo-'));
    const logo = join(folder, 'logo.svg');
    let world, browser, context;

    before(async () => {
      writeFileSync(logo, LOGO);
      browser = await launch();
    });
    after(async () => {
      await browser?.close();
      rmSync(folder, { recursive: true });
    });

    async function visit(settings, path) {
      world = await startWorld({ 'pages.name': 'Acme <3', ...settings });
      context = await freshProfile(browser, context);
      const page = await context.newPage();
      await page.goto(world.origin + path);
      return page;
    }

    async function signIn(page) {
      await page.waitForSelector('#submit');
      await page.type('#username', DEMO.username);
      await page.type('#password', DEMO.password);
      await page.click('#submit');
    }

    test('its name and its logo are on every page, and the logo runs no script (HD-10)', async () => {
      const page = await visit({ 'pages.logo_file': logo }, '/login?return_to=/admin');
      await holds(page, () => document.querySelector('.brand img').naturalWidth > 0);
      assert.equal(await page.title(), 'Sign in · Acme <3');
      await lookAt(page, name, 'product-login');
      await signIn(page);
      await page.waitForSelector('tbody tr');
      for (const [path, title] of [['/admin', 'Overview · '], ['/account', 'Account · '], ['/debugger', 'Token debugger · '], ['/', '']]) {
        await page.goto(world.origin + path);
        await holds(page, (title) => document.title === title, `${title}Acme <3`);
        await holds(page, () => document.querySelector('.brand img').naturalWidth > 0);
        assert.equal(await page.$eval('.brand', ({ innerText }) => innerText.trim()), 'Acme <3');
      }
      // An entrance for its users, not a leaflet for developers.
      assert.equal(await page.$eval('main', ({ innerText }) => innerText.split('\n')[0]), 'Acme <3');
      assert.equal(await page.evaluate(() => document.body.innerText.includes('createClient')), false);
      await lookAt(page, name, 'product-index');
      await page.goto(`${world.origin}/assets/logo`);
      await holds(page, () => document.documentElement.localName === 'svg');
      assert.equal(await page.evaluate(() => document.documentElement.id), '');
      await world.stop();
    });

    test('in development a click fills in a demo user', async () => {
      const page = await visit({}, '/login');
      await page.waitForSelector('#demo button');
      await lookAt(page, name, 'development-login');
      await page.evaluate(() => document.querySelector('#demo button').click());
      assert.deepEqual(
        await page.evaluate(() => [username.value, password.value, document.activeElement.id]),
        [DEMO.username, DEMO.password, 'submit'],
      );
      await page.keyboard.press('Enter');
      await holds(page, () => location.pathname === '/account');
      await world.stop();
    });

    test('with every page off there is a sign-in page, which says that you are signed in', async () => {
      const off = Object.fromEntries(['front', 'account', 'admin', 'debugger', 'docs'].map((page) => [`pages.${page}`, 'off']));
      const page = await visit(off, '/login');
      await signIn(page);
      await holds(page, () => document.querySelector('h1').textContent === 'You are signed in');
      assert.equal(await page.$$eval('a', ({ length }) => length), 0);
      await lookAt(page, name, 'product-signed-in');
      await page.evaluate(() => document.querySelector('main button').click());
      await page.waitForSelector('#submit');
      await world.stop();
    });

    test('no menu leads to a page that is off', async () => {
      const page = await visit({ 'pages.account': 'off', 'pages.debugger': 'off', 'pages.docs': 'off' }, '/login');
      const menu = () => page.$$eval('header :is(a, button)', (all) => all.map(({ textContent }) => textContent.trim()));
      await signIn(page);
      // The front page, since there is no account page.
      await holds(page, () => location.pathname === '/' && document.querySelector('header button'));
      assert.deepEqual(await menu(), ['Acme <3', 'Admin', 'Sign out']);
      assert.equal(await page.$$eval('main a:not([hidden], [href^="."], [href^=http])', ({ length }) => length), 0);
      await page.goto(`${world.origin}/admin`);
      await page.waitForSelector('tbody tr');
      assert.deepEqual(await menu(), ['Acme <3', 'Admin', 'Sign out']);
      await world.stop();
    });
  });
}
