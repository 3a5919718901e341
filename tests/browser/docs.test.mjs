// The page about the API: every operation of the document, found by what it contains, with no request to anybody else.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { BROWSERS, freshProfile, holds } from './browsers.mjs';
import { lookAt } from './look.mjs';
import { startWorld } from './server.mjs';

for (const { name, launch } of BROWSERS) {
  describe(`the page about the API in ${name}`, () => {
    let world, browser, page;

    before(async () => {
      [world, browser] = await Promise.all([startWorld(), launch()]);
      page = await (await freshProfile(browser)).newPage();
    });
    after(async () => {
      await browser?.close();
      await world?.stop();
    });

    test('it shows every operation, and asks nobody else', async () => {
      const asked = [];
      page.on('request', (request) => request.url().startsWith('data:') || asked.push(new URL(request.url()).origin));
      await page.goto(`${world.origin}/docs`);
      await page.waitForSelector('details');
      const { body: document } = await world.call('GET', '/openapi.json');
      assert.deepEqual(document.servers, [{ url: world.origin }]);
      const operations = Object.values(document.paths).flatMap((item) => Object.values(item).map(({ operationId }) => operationId));
      const shown = await page.$$eval('details:has(.badge)', (all) => all.map(({ id }) => id));
      assert.deepEqual(shown.sort(), operations.sort());
      assert.deepEqual([...new Set(asked)], [world.origin]);
      await lookAt(page, name, 'docs');
    });

    test('an address opens an operation, with its errors and fields', async () => {
      await page.goto(`${world.origin}/docs#login`);
      await holds(page, () => document.querySelector('#login[open]'));
      const text = await page.$eval('#login', (operation) => operation.innerText);
      for (const part of ['Credential: none', 'invalid_credentials', 'newPassword', '"accessToken"', 'too_many_attempts']) assert.ok(text.includes(part), part);
      await page.evaluate(() => { for (const each of document.querySelectorAll('#listAudit, #Session')) each.open = true; });
      await lookAt(page, name, 'docs-open');
    });

    test('the field finds routes by an error code', async () => {
      await page.goto(`${world.origin}/docs`);
      await page.waitForSelector('details');
      await page.type('#filter', 'wrong_password');
      await holds(page, () => [...document.querySelectorAll('details:has(.badge):not([hidden])')].map(({ id }) => id).sort().join() === 'addEmail,addFactor,addPasskey,changePassword,deleteAccount,makeApiKey,makeEmailPrimary,reauthenticate,removeEmail,removeFactor,renewRecoveryCodes');
      await page.type('#filter', '_nothing');
      await holds(page, () => document.getElementById('none').textContent === 'Nothing matches.');
    });
  });
}
