// A service that asks, before something that matters, who is there (RFC 9470): the page asks by a dialog, and the request is sent once
// more. In real browsers, against the real server and the example service behind a guard.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { BROWSERS, freshProfile, holds } from './browsers.mjs';
import { codeOfStep, STEP_MS } from './oathtool.mjs';
import { DEMO, startWorld } from './server.mjs';

const PASSWORD = 'plums on the kitchen table';

const app = (version = '') => `<!doctype html><title>app</title>
<dialog aria-labelledby="title"><form method="dialog">
  <h1 id="title">Is it you?</h1>
  <label>Password <input id="password" type="password" autocomplete="current-password"></label>
  <label>Code <input id="code" inputmode="numeric" autocomplete="one-time-code"></label>
  <p role="alert"></p><button id="go">Go on</button><button id="cancel" type="button">Cancel</button>
</form></dialog>
<script type="module">
  import { createClient, CountersignError } from '/client${version}.js';
  import { createStepUp } from '/client-step-up${version}.js';
  window.CountersignError = CountersignError;
  window.auth = createClient();
  window.demands = [];
  const dialog = document.querySelector('dialog');
  const by = (id) => document.getElementById(id);
  window.stepUp = createStepUp(auth, {
    reauthenticate: (demand) => new Promise((resolve) => {
      demands.push({ acrValues: demand.acrValues, maxAge: demand.maxAge ?? null });
      document.querySelector('[role=alert]').textContent = '';
      dialog.showModal();
      dialog.onclose = resolve;
      by('cancel').onclick = () => dialog.close();
      dialog.querySelector('form').onsubmit = async (event) => {
        event.preventDefault();
        try {
          await demand.show({ currentPassword: by('password').value, ...(by('code').value && { code: by('code').value }) });
          dialog.close();
        } catch (error) {
          document.querySelector('[role=alert]').textContent = error instanceof CountersignError ? error.code : 'another class: ' + error;
        }
      };
    }),
  });
</script>`;

for (const { name, launch } of BROWSERS) {
  describe(`showing again who one is, in ${name}`, () => {
    let world, browser, context, page, admin;

    before(async () => {
      [browser, world] = await Promise.all([launch(), startWorld({}, { withService: true })]);
      admin = (await world.call('POST', '/api/login', { body: DEMO })).body.accessToken;
      world.pages.set('/app', app());
      world.pages.set('/pinned', app('-0.1.0'));
    });
    after(async () => {
      await browser?.close();
      await world?.stop();
    });

    async function open(path = '/app') {
      const page = await context.newPage();
      await page.goto(world.origin + path);
      await holds(page, () => window.stepUp && auth.state.status !== 'unknown');
      return page;
    }

    async function person(username) {
      assert.equal((await world.call('POST', '/api/admin/users', { body: { username, password: PASSWORD }, token: admin })).status, 201);
      return username;
    }

    /** A new browser profile, in which somebody has signed in an hour ago. */
    async function signedInAnHourAgo(username, path = '/app') {
      context = await freshProfile(browser, context);
      page = await open(path);
      await page.evaluate((who, password) => auth.login(who, password), username, PASSWORD);
      world.sql(`UPDATE sessions SET authenticated_at = authenticated_at - 3600000 WHERE account_id = (SELECT id FROM accounts WHERE username = '${username}')`);
      await page.reload();
      await holds(page, (username) => window.stepUp && auth.user?.username === username, username);
    }

    /** Asks the service; gives a name under which the page has the answer. */
    const asks = (page, name, path, init) =>
      page.evaluate((name, path, init) => {
        const answer = stepUp.fetch(path, init).then(async (response) => ({ status: response.status, text: await response.text(), challenge: response.headers.get('WWW-Authenticate') }));
        answer.then((given) => (window[name] = given), (error) => (window[name] = { error: error.code ?? String(error) }));
      }, name, `/service${path}`, init);
    async function answered(page, name) {
      await holds(page, (name) => window[name] !== undefined, name);
      return page.evaluate((name) => window[name], name);
    }
    const dialogIs = (isOpen) => holds(page, (isOpen) => document.querySelector('dialog').open === isOpen, isOpen);
    async function types(password, code = '') {
      await dialogIs(true);
      await page.evaluate((password, code) => Object.assign(document.getElementById('password'), { value: password }) && Object.assign(document.getElementById('code'), { value: code }), password, code);
      await page.$eval('#go', (button) => button.click());
    }
    const said = (text) => holds(page, (text) => document.querySelector('[role=alert]').textContent === text, text);
    const demands = (page) => page.evaluate(() => window.demands);

    test('a transfer is sent after the password was shown again, once and with its body', async () => {
      const who = await person('ada');
      await signedInAnHourAgo(who);
      const other = await open();
      await page.bringToFront();
      world.log.length = 0;
      await asks(page, 'first', '/transfers', { method: 'POST', body: 'ten apples' });
      await asks(page, 'second', '/transfers', { method: 'POST', body: 'two pears' });
      await types('a wrong one');
      await said('wrong_password');
      assert.equal(world.count('POST /service/transfers'), 2);
      await types(PASSWORD);
      assert.deepEqual([(await answered(page, 'first')).text, (await answered(page, 'second')).text], ['sent: ten apples\n', 'sent: two pears\n']);
      await dialogIs(false);
      assert.deepEqual(await demands(page), [{ acrValues: [], maxAge: 300 }]);
      assert.deepEqual([world.count('POST /service/transfers'), world.count('POST /api/account/reauthenticate'), world.count('POST /api/refresh')], [4, 2, 1]);

      await asks(other, 'third', '/transfers', { method: 'POST', body: 'a plum' });
      assert.equal((await answered(other, 'third')).text, 'sent: a plum\n');
      assert.deepEqual(await demands(other), [], 'the other tab has the token too');
    });

    test('whoever cancels gets the 401, stays signed in, and is asked the next time', async () => {
      const who = await person('bea');
      await signedInAnHourAgo(who, '/pinned');
      world.log.length = 0;
      await asks(page, 'first', '/transfers', { method: 'POST', body: 'ten' });
      await dialogIs(true);
      await page.$eval('#cancel', (button) => button.click());
      const { status, challenge } = await answered(page, 'first');
      assert.equal(status, 401);
      assert.match(challenge, /error="insufficient_user_authentication".*max_age="300"/);
      assert.equal(world.count('POST /service/transfers'), 1);
      assert.equal(await page.evaluate(() => auth.user.username), who);
      await asks(page, 'second', '/transfers', { method: 'POST', body: 'ten' });
      await types(PASSWORD);
      assert.equal((await answered(page, 'second')).status, 200);
    });

    test('what wants a second factor gets one', async () => {
      const who = await person('cleo');
      context = await freshProfile(browser, context);
      page = await open();
      await page.evaluate((who, password) => auth.login(who, password), who, PASSWORD);
      // Without an authenticator the password alone is not enough, however often it is shown.
      await asks(page, 'first', '/vault');
      await types(PASSWORD);
      assert.equal((await answered(page, 'first')).status, 401);
      assert.deepEqual(await demands(page), [{ acrValues: ['aal2'], maxAge: null }]);

      const code = await page.evaluate(async () => {
        window.offer = await (await auth.fetch('/api/account/factors/offer', { method: 'POST' })).json();
        return offer.secret;
      }).then((secret) => (step) => codeOfStep(secret, step));
      const now = Math.floor(Date.now() / STEP_MS);
      const added = await page.evaluate(
        (newCode, currentPassword) => auth.fetch('/api/account/factors', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ enrolment: offer.enrolment, newCode, name: 'Phone', currentPassword }) }).then(({ status }) => status),
        code(now),
        PASSWORD,
      );
      assert.equal(added, 201);
      await asks(page, 'second', '/vault');
      await types(PASSWORD);
      await said('second_factor_required');
      // Each code is good once; that of the next step is taken too (RFC 6238 §5.2).
      await types(PASSWORD, code(now + 1));
      assert.equal((await answered(page, 'second')).text, 'the vault\n');
    });
  });
}
