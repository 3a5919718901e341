// Accounts that people make themselves, in real browsers against the real server: by the code, by the link, by an invitation. Code
// and link are read out of the mails themselves, as `countersign dev` shows them.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { BROWSERS, freshProfile, holds } from './browsers.mjs';
import { lookAt } from './look.mjs';
import { mailTo } from './mails.mjs';
import { DEMO, startWorld, until } from './server.mjs';

const PASSWORD = 'plums on the kitchen table';

for (const { name, launch } of BROWSERS) {
  describe(`accounts of one's own in ${name}`, () => {
    let world, browser, context, page, admin;
    const complaints = [];

    before(async () => {
      [browser, world] = await Promise.all([launch(), startWorld({ 'registration.mode': 'open' })]);
      const signedIn = await world.call('POST', '/api/login', { body: DEMO });
      admin = signedIn.body.accessToken;
    });
    after(async () => {
      await browser?.close();
      await world?.stop();
    });

    /** A new browser profile with one page, at `path`. */
    async function visit(path, language = 'en') {
      context = await freshProfile(browser, context);
      page = await context.newPage();
      await page.setViewport({ width: 1200, height: 850 });
      await page.setExtraHTTPHeaders({ 'Accept-Language': language });
      page.on('pageerror', (error) => complaints.push(String(error)));
      page.on('console', (message) => {
        if (/Content.Security.Policy/i.test(message.text())) complaints.push(message.text());
      });
      await page.goto(world.origin + path);
    }

    const path = () => page.url().slice(world.origin.length);
    const arrive = (wanted) => until(`the address ${wanted}`, () => path() === wanted);
    const hears = (part) => holds(page, (part) => document.body.innerText.includes(part), part);
    const text = (selector) => page.$eval(selector, ({ innerText }) => innerText.trim());
    const submit = (form) => page.$eval(`${form} .primary`, (button) => button.click());
    /** Types into an empty field. */
    const type = async (selector, value) => {
      await page.waitForSelector(selector, { visible: true });
      await page.$eval(selector, (field) => (field.value = ''));
      await page.type(selector, value);
    };
    /** Presses the button with this text in the topmost dialog, or on the page. */
    const press = (label) =>
      page.evaluate((label) => {
        const scope = [...document.querySelectorAll('dialog[open]')].at(-1) ?? document;
        const button = [...scope.querySelectorAll('button')].find((button) => button.textContent === label && !button.hidden);
        if (!button) throw new Error(`no button ${label}`);
        button.click();
      }, label);
    const signIn = async (who, password) => {
      await type('#username', who);
      await type('#password', password);
      await page.click('#submit');
    };

    test('an account by the code of the mail: a name that is taken and a short password cost nothing', async () => {
      await visit('/login?return_to=%2Faccount%23keys');
      // Its script has made the link lead on.
      await page.waitForSelector('a.onwards[href*="register?"]');
      await page.$eval('a.onwards[href*="register?"]', (link) => link.click());
      await arrive('/register?return_to=%2Faccount%23keys');
      await lookAt(page, name, 'register');
      await type('#address', 'ada@example.org');
      await submit('#ask');
      await hears('There is one for ada@example.org with a code and a link');
      assert.equal(await page.$eval('#username', (field) => field.autocomplete), 'username');
      assert.equal(await page.$eval('#next', (field) => field.autocomplete), 'new-password');
      const { code } = await mailTo(world, 'ada@example.org');
      await lookAt(page, name, 'register-code');
      await type('#code', code);
      await type('#username', DEMO.username);
      await type('#next', PASSWORD);
      await submit('#make');
      await hears('The user name is taken.');
      await lookAt(page, name, 'register-refused');
      await type('#username', 'ada');
      await type('#next', 'short');
      await submit('#make');
      await hears('The password must have at least');
      await type('#next', PASSWORD);
      await submit('#make');
      await arrive('/login?return_to=%2Faccount%23keys&reason=registered');
      await hears('Your account is ready. Sign in with it.');
      await signIn('ada@example.org', PASSWORD);
      await arrive('/account#keys');
      await holds(page, () => /ada@example\.org\s+primary\s+verified/.test(document.querySelector('#emails')?.innerText));
    });

    test('an address that has an account sees the same page', async () => {
      await visit('/register');
      await type('#address', 'ada@example.org');
      await submit('#ask');
      await hears('There is one for ada@example.org with a code and a link');
    });

    test('by the link, in another browser and without a script', async () => {
      await visit('/register');
      await type('#address', 'bea@example.org');
      await submit('#ask');
      const { link } = await mailTo(world, 'bea@example.org');
      await visit('/login');
      // Firefox cannot be told so over this protocol; the page has no script for either.
      if (name === 'chromium') await page.setJavaScriptEnabled(false);
      for (const method of ['HEAD', 'GET', 'GET']) assert.equal((await fetch(link, { method })).status, 200);
      await page.goto(link);
      const fill = async (username, password) => {
        for (const [selector, value] of [['#username', username], ['#password', password]]) {
          await page.click(selector, { count: 3 });
          await page.type(selector, value);
        }
        await Promise.all([page.waitForNavigation(), page.click('form button')]);
      };
      await fill(DEMO.username, PASSWORD);
      assert.match(await text('[role=alert]'), /This user name is taken/);
      await fill('bea', PASSWORD);
      assert.equal(await text('h1'), 'Your account is ready');
      await page.goto(link);
      assert.equal(await page.$('form'), null);
      if (name === 'chromium') await page.setJavaScriptEnabled(true);
      await lookAt(page, name, 'link-register-used');
      await page.goto(`${world.origin}/login`);
      await signIn('bea', PASSWORD);
      await arrive('/account');
    });

    test('an invitation: sent, listed and withdrawn; another one accepted in German', async () => {
      await visit('/login');
      await signIn(DEMO.username, DEMO.password);
      await arrive('/account');
      await page.goto(`${world.origin}/admin#users`);
      await page.waitForSelector('tbody tr');
      await press('Invite');
      await lookAt(page, name, 'admin-invite');
      await type('dialog [name=address]', 'ada@example.org');
      await press('Send the mail');
      await hears('An account has verified this address.');
      await type('dialog [name=address]', 'cleo@example.org');
      await press('Send the mail');
      await hears('cleo@example.org is invited.');
      await holds(page, () => /cleo@example\.org\s+user/.test(document.querySelector('#invitations')?.innerText));
      await lookAt(page, name, 'admin-invited');
      const first = await mailTo(world, 'cleo@example.org');
      assert.equal(first.code, undefined, 'no browser has asked, so there is no code');
      await page.$eval('[aria-label="Withdraw: cleo@example.org"]', (button) => button.click());
      await page.waitForSelector('dialog button[value=yes]');
      await page.$eval('dialog button[value=yes]', (button) => button.click());
      await hears('The invitation of cleo@example.org is withdrawn.');
      assert.equal((await fetch(first.link)).status, 400);

      const invited = await world.call('POST', '/api/admin/invitations', { token: admin, body: { address: 'dora@example.org', role: 'user' } });
      assert.equal(invited.status, 201);
      const { link } = await mailTo(world, 'dora@example.org');
      await visit('/login', 'de-DE,de;q=0.9');
      await page.goto(link);
      assert.equal(await text('h1'), 'Sie sind eingeladen');
      await lookAt(page, name, 'link-invite-german');
      await type('#username', 'dora');
      await type('#password', PASSWORD);
      await page.$eval('form button', (button) => button.click());
      await hears('Ihr Konto ist bereit');
    });

    test('the page of a user: addresses, and a mail for another password', async () => {
      const { body } = await world.call('GET', '/api/admin/users?search=bea', { token: admin });
      await visit('/login');
      await signIn(DEMO.username, DEMO.password);
      await arrive('/account');
      await page.goto(`${world.origin}/admin#users/${body.users[0].userId}`);
      await hears('bea@example.org');
      await lookAt(page, name, 'admin-user-emails');
      await press('Send a reset mail');
      await page.waitForSelector('dialog button[value=yes]');
      await page.$eval('dialog button[value=yes]', (button) => button.click());
      await hears('A reset mail for bea is on its way.');
      const { link } = await mailTo(world, 'bea@example.org', 2);
      assert.equal((await fetch(link)).status, 200);
    });

    test('in German', async () => {
      await visit('/register', 'de-DE,de;q=0.9');
      assert.equal(await text('h1'), 'Konto anlegen');
      await type('#address', 'emil@example.org');
      await submit('#ask');
      await hears('Für emil@example.org kommt eine mit einem Code und einem Link');
      const { code, subject } = await mailTo(world, 'emil@example.org');
      assert.match(subject, /Konto/);
      await type('#code', code);
      await type('#username', DEMO.username);
      await type('#next', PASSWORD);
      await submit('#make');
      await hears('Dieser Benutzername ist vergeben.');
      await lookAt(page, name, 'register-german');
      await type('#username', 'emil');
      await submit('#make');
      await arrive('/login?reason=registered');
      await hears('Ihr Konto ist bereit.');
    });

    test('no page has broken its own policy', () => assert.deepEqual(complaints, []));
  });
}
