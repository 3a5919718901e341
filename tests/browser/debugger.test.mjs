// The debugger in real browsers: it names the failed rule and the remedy, and nothing leaves it (HD-7).
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { BROWSERS, holds } from './browsers.mjs';
import { lookAt } from './look.mjs';
import { DEMO, startWorld, until } from './server.mjs';

// RFC 7515 A.1 (HS256), with its key as base64url.
const RFC_TOKEN =
  'eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
const RFC_SECRET = 'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow';

for (const { name, launch } of BROWSERS) {
  describe(`debugger in ${name}`, () => {
    let world, browser, page;

    before(async () => {
      world = await startWorld();
      browser = await launch();
    });
    after(async () => {
      await browser?.close();
      await world?.stop();
    });

    async function visit() {
      await page?.close();
      page = await browser.newPage();
      await page.goto(`${world.origin}/debugger`, { waitUntil: 'networkidle0' });
      await holds(page, () => document.querySelector('#secret').value !== '');
    }

    const set = (id, value) =>
      page.$eval(`#${id}`, (field, value) => {
        if (field.type === 'checkbox') field.checked = value;
        else field.value = value;
        field.dispatchEvent(new Event('input'));
        field.dispatchEvent(new Event('change'));
      }, value);
    const value = (id) => page.$eval(`#${id}`, (field) => field.value);
    const says = (part) => holds(page, (part) => document.querySelector('#verdict').textContent.includes(part), part);

    test('a token is shown in its parts, with the rule that it breaks and the remedy', async () => {
      await visit();
      await set('token', RFC_TOKEN);
      assert.equal(JSON.parse(await value('header-json')).alg, 'HS256');
      assert.equal(JSON.parse(await value('payload-json')).iss, 'joe');
      await says('Refused: ');
      await says('expired');
      await says('Get a new token');
      await set('key', RFC_SECRET);
      await set('secret-base64', true);
      assert.match(await page.$eval('#verdict', (verdict) => verdict.innerText), /Signature/);
      assert.equal(await page.$$eval('#verdict .passed', (all) => all.some(({ textContent }) => textContent.startsWith('Signature'))), true);
      await set('token', RFC_TOKEN.replace('dBjft', 'dBjfu'));
      await says('bad_signature');
      const colours = await page.$$eval('#coloured span', (spans) => spans.map((span) => getComputedStyle(span).color));
      assert.equal(new Set(colours).size, 3);
    });

    for (const algorithm of ['HS256', 'ES256', 'EdDSA', 'RS256']) {
      test(`a made ${algorithm} token holds, an edited one is signed again, and without the key it breaks`, async () => {
        await visit();
        await page.select('#make-algorithm', algorithm);
        await page.click('#make');
        await says('Signature and times are good.');
        const before = await value('token');
        await set('payload-json', (await value('payload-json')).replace('user-1', 'user-2'));
        await holds(page, (before) => document.querySelector('#token').value !== before, before);
        await says('Signature and times are good.');
        await set('signing-key', '');
        await set('payload-json', (await value('payload-json')).replace('user-2', 'user-3'));
        await says('bad_signature');
      });
    }

    test("this server's own token holds with this server's own keys", async () => {
      const { body } = await world.call('POST', '/api/login', { body: DEMO });
      await visit();
      await set('token', body.accessToken);
      await set('server-keys', true);
      await says('Valid.');
      await lookAt(page, name, 'debugger');
      await set('audience', 'https://elsewhere.example');
      await says('wrong_audience');
      await lookAt(page, name, 'debugger-refused');
    });

    test('hostile tokens are refused by name', async () => {
      await visit();
      await set('key', 'x'.repeat(32));
      const none = `${btoa('{"alg":"none"}')}.${btoa('{"sub":"x"}').replace(/=/g, '')}.`.replace(/=/g, '');
      for (const [token, code] of [[none, 'algorithm_none'], ['a.b', 'part_count'], ['!.b.c', 'header_encoding']]) {
        await set('token', token);
        await says(code);
      }
    });

    test('what is no signed token is told what it is', async () => {
      await visit();
      const five = `${btoa('{"alg":"dir","enc":"A256GCM"}').replace(/=/g, '')}..a.b.c`;
      for (const [token, part] of [
        [five, 'This is an encrypted token (JWE).'],
        ['a.b', 'Paste the whole token: three parts separated by dots.'],
        ['a.b', 'not looked at: the token is not well-formed'],
        ['a.b.c.d', 'There are 4 parts'],
      ]) {
        await set('token', token);
        await says(part);
        // Names are set apart, not in the backticks of the verifier's texts.
        assert.ok(!(await page.$eval('#verdict', ({ textContent }) => textContent)).includes('`'));
      }
    });

    test('what is no key is not taken for one, and without a key there is no verdict', async () => {
      await visit();
      await page.click('[data-example=good]');
      await says('Signature and times are good.');
      await set('key', 'https://issuer.example/jwks.json');
      await says('This key cannot be used: it is an address.');
      assert.equal(await page.$('#verdict [data-code]'), null);
      await set('key', '');
      await set('token', `${btoa('{"alg":"HS256"}')}.${btoa('{"sub":"x"}')}.AAAA`.replace(/=/g, ''));
      await says('Countersign would refuse it in any case: the claim exp is missing.');
      assert.equal(await page.$eval('#headline .notice', ({ className }) => className), 'notice');
      // The key is of another kind than the token; nothing was taken from the token.
      await set('token', `${btoa('{"alg":"ES256"}')}.${btoa('{"sub":"x","exp":4102444800}')}.AAAA`.replace(/=/g, ''));
      await set('key', 'x'.repeat(32));
      await says('algorithm_mismatch');
      assert.ok(!(await page.$eval('#verdict', ({ textContent }) => textContent)).includes('taken from the token'));
    });

    test('a good signature on a token that breaks a rule is said to be good', async () => {
      await visit();
      const headline = () => page.$eval('#headline .notice', ({ className, innerText }) => [className, innerText.split('\n')[0]]);
      await page.click('[data-example=short]');
      await says('Signature verified. Countersign would still refuse it: the claim exp is missing.');
      assert.equal((await headline())[0], 'notice warn');
      await page.click('[data-example=good]');
      await says('Signature and times are good.');
      // What somebody asked for, and did not get, is a refusal.
      await set('audience', 'elsewhere');
      await says('Signature verified, but refused: the token is for another audience.');
      assert.equal((await headline())[0], 'notice error');
      await page.click('[data-example=altered]');
      await says('Refused: the signature does not match.');
      assert.equal((await headline())[0], 'notice error');
    });

    test('the checks are folded down to those that failed', async () => {
      await visit();
      await page.click('[data-example=expired]');
      await says('13 checks: 1 failed');
      await holds(page, () => [...document.querySelectorAll('#checks li')].filter((item) => item.getClientRects().length > 0).map(({ dataset }) => dataset.rule).join() === 'expiry');
      await page.click('#fold');
      await holds(page, () => [...document.querySelectorAll('#checks li')].filter((item) => item.getClientRects().length > 0).length === 13);
      assert.equal(await page.$eval('#fold', (button) => button.ariaExpanded), 'true');
    });

    test('the verdict is in sight without scrolling', async () => {
      await visit();
      await says('Paste a token to check it');
      for (const [width, height] of [[1280, 800], [390, 844]]) {
        await page.setViewport({ width, height });
        for (const example of ['good', 'expired', 'short']) {
          await page.$eval(`[data-example=${example}]`, (button) => button.click());
          await holds(page, () => document.querySelector('#headline .notice'));
          const bottom = await page.$eval('#headline strong', (start) => start.getBoundingClientRect().bottom + scrollY);
          assert.ok(bottom <= height, `${example} at ${width}: ${bottom}`);
        }
      }
    });

    test('nothing leaves the page, and nothing stays (HD-7)', async () => {
      await visit();
      world.log.length = 0;
      const requests = [];
      page.on('request', (request) => requests.push(request.url()));
      await page.select('#make-algorithm', 'ES256');
      await page.click('#make');
      await says('Signature and times are good.');
      await set('token', RFC_TOKEN);
      await says('expired');
      assert.equal(await page.evaluate(() => fetch('/healthz').then(() => 'reached', () => 'refused')), 'refused');
      const kept = await page.evaluate(async () => [JSON.stringify(localStorage), JSON.stringify(sessionStorage), JSON.stringify(await indexedDB.databases()), document.cookie, location.href]);
      assert.deepEqual(kept, ['{}', '{}', '[]', '', `${world.origin}/debugger`]);
      assert.deepEqual(world.log, []);
      assert.deepEqual(requests.filter((url) => !url.endsWith('/healthz')), []);
      await page.reload();
      assert.equal(await value('token'), '');
      assert.equal(await value('key'), '');
    });

    test('the page still works when the server is gone', async () => {
      await visit();
      world.weather = () => ({ cut: 'request' });
      await set('token', RFC_TOKEN);
      await says('expired');
      world.weather = () => ({});
    });

    const top = (id) => page.$eval(`#${id}`, (element) => element.getBoundingClientRect().top + scrollY);

    test('the examples show what they are called, and no field moves when the verdict changes', async () => {
      await visit();
      await page.setViewport({ width: 1280, height: 800 });
      const before = [await top('token'), await top('key'), await top('verdict')];
      for (const [example, part] of [
        ['good', 'Signature and times are good.'],
        ['expired', 'expired'],
        ['altered', 'bad_signature'],
        ['none', 'algorithm_none'],
        ['short', 'Countersign refuses it everywhere but here'],
      ]) {
        await page.click(`[data-example=${example}]`);
        await says(part);
        // Two notes about the key are more than the room beside the token.
        if (example !== 'short') assert.deepEqual([await top('token'), await top('key'), await top('verdict')], before, example);
      }
      await lookAt(page, name, 'debugger-short-secret');
      // What a token says of itself is not shown as good before its signature is.
      await page.click('[data-example=good]');
      await says('Signature and times are good.');
      assert.equal(await page.$('.checks.unverified'), null);
      await set('key', '');
      await says('trust nothing in this token');
      assert.notEqual(await page.$('.checks.unverified'), null);
    });

    test('a link carries the settings, and neither token nor key', async () => {
      await visit();
      await page.evaluate(() => {
        Object.defineProperty(navigator, 'clipboard', { value: { writeText: async (text) => (window.copied = text) } });
      });
      await page.click('[data-example=good]');
      await says('Signature and times are good.');
      await set('issuer', 'https://issuer.example');
      await set('scope', 'read write');
      await page.$eval('#link', (button) => button.click());
      const link = await page.evaluate(() => window.copied);
      assert.equal(link, `${world.origin}/debugger#issuer=https%3A%2F%2Fissuer.example&scope=read+write`);
      await page.goto('about:blank');
      await page.goto(link);
      await holds(page, () => document.querySelector('#scope').value === 'read write');
      assert.equal(await value('issuer'), 'https://issuer.example');
      assert.deepEqual([await value('token'), await value('key')], ['', '']);
      await page.reload();
      await page.goto(`${world.origin}/debugger#token=x&key=y&secret=z`);
      assert.deepEqual([await value('token'), await value('key')], ['', '']);
    });

    test('a token is found in a paste with its surroundings', async () => {
      await visit();
      await page.evaluate((token) => {
        document.querySelector('#token').focus();
        document.execCommand('insertText', false, `Authorization: Bearer ${token.slice(0, 40)}\n  ${token.slice(40)}"\n`);
        document.querySelector('#token').blur();
      }, RFC_TOKEN);
      await until('the token', async () => (await value('token')) === RFC_TOKEN);
    });

    test('secrets have 256 bits', async () => {
      await visit();
      assert.match(await value('secret'), /^[0-9a-f]{64}$/);
      const first = await value('secret');
      await page.click('#new-secret');
      assert.notEqual(await value('secret'), first);
      await set('secret-form', 'base64url');
      assert.match(await value('secret'), /^[\w-]{43}$/);
    });
  });
}
