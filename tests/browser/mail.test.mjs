// What people do by mail, in real browsers against the real server: addresses of an account, a forgotten password by code and by
// link. Code and link are read out of the mails themselves, as `countersign dev` shows them.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { BROWSERS, freshProfile, holds } from './browsers.mjs';
import { lookAt } from './look.mjs';
import { mailTo, mails } from './mails.mjs';
import { DEMO, startWorld, until } from './server.mjs';

const OLD = 'plums on the kitchen table';
const NEW = 'rain over the long meadow';

for (const { name, launch } of BROWSERS) {
  describe(`by mail in ${name}`, () => {
    let world, browser, context, page, admin;
    const complaints = [];

    before(async () => {
      [browser, world] = await Promise.all([launch(), startWorld({ 'mail.sign_in': 'on' })]);
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
      page = await newPage(language);
      await page.goto(world.origin + path);
    }

    async function newPage(language) {
      const page = await context.newPage();
      await page.setViewport({ width: 1200, height: 850 });
      await page.setExtraHTTPHeaders({ 'Accept-Language': language });
      page.on('pageerror', (error) => complaints.push(String(error)));
      page.on('console', (message) => {
        if (/Content.Security.Policy/i.test(message.text())) complaints.push(message.text());
      });
      return page;
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
    /** By the link of the sign-in page, whose script has made it lead on. */
    const toForgot = async () => {
      await page.waitForSelector('a.onwards[href^=http]');
      await page.$eval('a.onwards', (link) => link.click());
    };
    const signIn = async (who, password) => {
      await type('#username', who);
      await type('#password', password);
      await page.click('#submit');
    };

    /** An account whose address is verified by the link of the mail. */
    async function person(username) {
      const address = `${username}@example.org`;
      const { status } = await world.call('POST', '/api/admin/users', { token: admin, body: { username, password: OLD, role: 'user' } });
      assert.equal(status, 201);
      const { body } = await world.call('POST', '/api/login', { body: { username, password: OLD } });
      const added = await world.call('POST', '/api/account/emails', { token: body.accessToken, body: { address, currentPassword: OLD } });
      assert.equal(added.status, 202);
      const { link } = await mailTo(world, address);
      const confirmed = await world.call('POST', '/api/email/confirm', { body: { token: link.split('/m/')[1] } });
      assert.equal(confirmed.status, 204);
      return { username, address, token: body.accessToken, id: body.user.userId };
    }

    test('an account has a language, which mails are in and pages are not', async () => {
      const ella = await person('ella');
      await visit('/login?return_to=/account');
      await signIn('ella', OLD);
      await page.waitForSelector('#locale');
      assert.equal(await text('label[for=locale]'), 'Language of mails');
      assert.deepEqual(await page.$$eval('#locale option', (all) => all.map(({ value, text }) => [value, text])), [['', 'As the browser says'], ['en', 'English'], ['de', 'Deutsch']]);
      assert.equal(await page.$eval('#locale', ({ value }) => value), '');
      await page.select('#locale', 'de');
      await hears('The language of mails is changed.');
      await page.reload();
      await page.waitForSelector('#locale');
      assert.equal(await page.$eval('#locale', ({ value }) => value), 'de');
      assert.equal(await text('h1'), 'Account');
      await lookAt(page, name, 'account-language');
      // Whoever asks for a mail to her address, in whatever language they read.
      await fetch(`http://127.0.0.1:${world.upstream}/api/email/start`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'Accept-Language': 'en' },
        body: JSON.stringify({ purpose: 'reset', address: ella.address }),
      });
      assert.match((await mailTo(world, ella.address, 2)).subject, /neues Passwort/);
      await page.select('#locale', '');
      await hears('The language of mails is changed.');
      const { body } = await world.call('GET', '/api/user', { token: ella.token });
      assert.equal(body.user.locale, null);
    });

    test('an address is added with the password, verified by the code, and signs in', async () => {
      await world.call('POST', '/api/admin/users', { token: admin, body: { username: 'ada', password: OLD, role: 'user' } });
      await visit('/login');
      assert.equal(await text('label[for=username]'), 'Username or e-mail address');
      await lookAt(page, name, 'login-mail');
      await signIn('ada', OLD);
      await arrive('/account');
      await hears('No addresses yet.');
      await press('Add an address');
      await page.type('dialog [name=address]', 'ada@example.org');
      await page.type('dialog [name=currentPassword]', 'not the password');
      await press('Send the mail');
      await hears('The current password is not right.');
      await lookAt(page, name, 'account-email-add');
      await type('dialog [name=currentPassword]', OLD);
      await press('Send the mail');
      await hears('There is one for ada@example.org.');
      const { code } = await mailTo(world, 'ada@example.org');
      await page.type('dialog [name=code]', '1234');
      await press('Confirm');
      await hears('The code has eight digits.');
      await type('dialog [name=code]', code.replace(/\D/g, '') === '00000000' ? '11111111' : '00000000');
      await press('Confirm');
      await hears('This code is wrong, or not valid any more.');
      await lookAt(page, name, 'account-email-code');
      await type('dialog [name=code]', code);
      await press('Confirm');
      await hears('ada@example.org is verified.');
      await holds(page, () => !document.querySelector('dialog'));
      await holds(page, () => /ada@example\.org\s+primary\s+verified/.test(document.querySelector('#emails')?.innerText));

      await press('Add an address');
      await page.type('dialog [name=address]', 'ada@work.example');
      await page.type('dialog [name=currentPassword]', OLD);
      await press('Send the mail');
      await hears('There is one for ada@work.example.');
      await page.keyboard.press('Escape');
      await holds(page, () => /ada@work\.example\s+not verified/.test(document.querySelector('#emails')?.innerText));
      await lookAt(page, name, 'account-emails');
      const second = await mailTo(world, 'ada@work.example');
      const other = await newPage('en');
      await other.goto(second.link);
      await other.$eval('form button', (button) => button.click());
      await holds(other, () => !document.querySelector('form'));
      // A dialog behind another tab closes late.
      await page.bringToFront();
      await page.reload();
      await page.waitForSelector('[aria-label="Make primary: ada@work.example"]');
      await page.$eval('[aria-label="Make primary: ada@work.example"]', (button) => button.click());
      await page.waitForSelector('dialog [name=currentPassword]');
      await page.type('dialog [name=currentPassword]', 'not the password');
      await page.$eval('dialog button.primary', (button) => button.click());
      await hears('The current password is not right.');
      await type('dialog [name=currentPassword]', OLD);
      await page.$eval('dialog button.primary', (button) => button.click());
      await hears('Notices now go to ada@work.example.');
      await holds(page, () => !document.querySelector('dialog'));
      await page.$eval('[aria-label="Remove: ada@example.org"]', (button) => button.click());
      await page.waitForSelector('dialog [name=currentPassword]');
      await page.type('dialog [name=currentPassword]', OLD);
      await page.$eval('dialog button.danger', (button) => button.click());
      await hears('ada@example.org is removed.');

      // Whoever reads the mail of the old address takes it back, and then chooses another password.
      const back = await mailTo(world, 'ada@example.org', 2);
      await other.goto(back.link);
      await other.$eval('form button', (button) => button.click());
      await holds(other, () => document.body.innerText.includes('The change is taken back'));
      await page.bringToFront();
      await visit('/login');
      await signIn('ADA@work.example', OLD);
      await hears('The username or password is wrong.');
      await world.call('POST', '/api/email/start', { body: { purpose: 'reset', address: 'ada@example.org' } });
      const reset = await mailTo(world, 'ada@example.org', 3);
      await world.call('POST', '/api/email/confirm', { body: { token: reset.link.split('/m/')[1], newPassword: NEW } });
      await visit('/login');
      await signIn('ada@example.org', NEW);
      await arrive('/account');
    });

    test('a forgotten password: the code of the mail and a new password, in the browser that asked', async () => {
      const { address } = await person('bea');
      await visit('/login?return_to=%2Faccount%23keys');
      await toForgot();
      await arrive('/forgot?return_to=%2Faccount%23keys');
      await page.waitForSelector('#address');
      await lookAt(page, name, 'forgot');
      await type('#address', address);
      await submit('#ask');
      await hears(`If ${address} belongs to an account, there is one with a code and a link.`);
      assert.equal(await page.$eval('#reset .again', ({ disabled }) => disabled), true);
      const { code } = await mailTo(world, address, 2);
      await lookAt(page, name, 'forgot-code');
      await type('#code', ` ${code.replace(/\D/g, '').replace(/(..)(?!$)/g, '$1-')} `);
      await type('#next', 'short');
      await submit('#reset');
      // Nothing is lost by a password that is not good enough.
      await hears('The password must have at least');
      await lookAt(page, name, 'forgot-refused');
      await type('#next', NEW);
      await submit('#reset');
      await arrive('/login?return_to=%2Faccount%23keys&reason=password_reset');
      await hears('Your new password is saved. Sign in with it.');
      await signIn(address, OLD);
      await hears('The username or password is wrong.');
      await signIn(address, NEW);
      await arrive('/account#keys');
    });

    test('an address that nobody has gets the same page, and no mail', async () => {
      await visit('/forgot');
      await type('#address', 'nobody@example.org');
      await submit('#ask');
      await hears('If nobody@example.org belongs to an account, there is one with a code and a link.');
      await type('#code', '1234 5678');
      await type('#next', NEW);
      await submit('#reset');
      await hears('This code is wrong, or not valid any more.');
      // The mail that was asked for later has come.
      await person('eve');
      assert.deepEqual((await mails(world)).filter(({ to }) => to === 'nobody@example.org'), []);
    });

    test('the link of the mail works in another browser, once, and opening it uses nothing up', async () => {
      const { address } = await person('cleo');
      await visit('/forgot');
      await type('#address', address);
      await submit('#ask');
      await hears(`If ${address} belongs to an account`);
      const { link } = await mailTo(world, address, 2);
      await visit('/login');
      for (const method of ['HEAD', 'GET', 'GET']) assert.equal((await fetch(link, { method })).status, 200);
      await page.goto(link);
      await lookAt(page, name, 'link-reset');
      await type('input[type=password]', NEW);
      await page.$eval('form button', (button) => button.click());
      await holds(page, () => !document.querySelector('form'));
      await lookAt(page, name, 'link-reset-done');
      await page.goto(link);
      assert.equal(await page.$('form'), null);
      await page.goto(`${world.origin}/login`);
      await signIn(address, NEW);
      await arrive('/account');
    });

    test('a forgotten password in German, page and mail', async () => {
      const { address } = await person('dora');
      await visit('/login', 'de-DE,de;q=0.9');
      assert.equal(await text('label[for=username]'), 'Benutzername oder E-Mail-Adresse');
      await toForgot();
      await arrive('/forgot');
      assert.equal(await text('h1'), 'Passwort vergessen?');
      await type('#address', address);
      await submit('#ask');
      await hears(`Falls zu ${address} ein Konto gehört`);
      const { code, subject } = await mailTo(world, address, 2);
      assert.match(subject, /Passwort/);
      await type('#code', '1234');
      await type('#next', NEW);
      await submit('#reset');
      await hears('Der Code hat acht Ziffern.');
      await lookAt(page, name, 'forgot-german');
      await type('#code', code);
      await submit('#reset');
      await arrive('/login?reason=password_reset');
      await hears('Ihr neues Passwort ist gespeichert.');
      await signIn('dora', NEW);
      await arrive('/account');
      await page.waitForSelector('#emails li');
      assert.equal(await text('#emails-title'), 'E-Mail-Adressen');
      await lookAt(page, name, 'account-emails-german');
    });

    // The last one, because from here on everything that this server is asked for costs work.
    test('the page does the work that is demanded while very many mails are asked for', async () => {
      const { address } = await person('fay');
      let refused;
      for (let n = 0; n < 45; n++) refused = await world.call('POST', '/api/email/start', { body: { purpose: 'reset', address: `flood${n}@example.org` } });
      assert.deepEqual([refused.status, refused.body.code, refused.body.difficulty], [403, 'proof_required', 18]);
      await visit('/forgot');
      await type('#address', address);
      await submit('#ask');
      await hears(`If ${address} belongs to an account`);
      const { code } = await mailTo(world, address, 2);
      await type('#code', code);
      await type('#next', NEW);
      await submit('#reset');
      await arrive('/login?reason=password_reset');
    });

    /** Asks for a mail to sign in on the page that the sign-in page leads to; gives the mail. */
    async function askToSignIn(address, count) {
      await page.waitForSelector('a.onwards[href*=mail-sign-in]');
      await page.$eval('a.onwards[href*=mail-sign-in]', (link) => link.click());
      await until('the page', () => path().startsWith('/mail-sign-in'));
      // Its script is there then: a form that is sent before goes nowhere.
      await holds(page, () => document.readyState === 'complete');
      await type('#address', address);
      await submit('#ask');
      await hears(`If ${address} belongs to an account`);
      return mailTo(world, address, count);
    }

    test('a sign-in by the code of a mail leads on to where it was asked from, and back to the password', async () => {
      const { address } = await person('emma');
      await visit('/login?return_to=%2Faccount%23keys');
      const { code } = await askToSignIn(address, 2);
      assert.match(await text('#digits'), /^\d\d$/);
      await lookAt(page, name, 'mail-sign-in');
      await type('#code', code.replace(/\D/g, '') === '00000000' ? '11111111' : '00000000');
      await submit('#confirm');
      await hears('This code is wrong, or not valid any more.');
      await page.click('a.onwards[href*=login]');
      await arrive('/login?return_to=%2Faccount%23keys');
      await page.goto(`${world.origin}/mail-sign-in?return_to=%2Faccount%23keys`);
      // A new page has forgotten what it asked for; the cookie has not.
      await type('#address', address);
      await submit('#ask');
      await type('#code', code);
      await submit('#confirm');
      await arrive('/account#keys');
    });

    test('a link that is opened elsewhere signs in the page that asked, by its digits, and nobody else', async () => {
      const { address } = await person('fred');
      await visit('/login');
      const { link } = await askToSignIn(address, 2);
      const digits = await text('#digits');
      const phone = await browser.createBrowserContext();
      try {
        const mail = await phone.newPage();
        mail.on('pageerror', (error) => complaints.push(String(error)));
        await mail.goto(link);
        const shown = await mail.$eval('main', ({ innerText }) => innerText);
        assert.match(shown, /127\.0\.0\.1/);
        await lookAt(mail, name, 'mail-sign-in-elsewhere');
        assert.equal(path(), '/mail-sign-in', 'opening the link does nothing');
        await mail.type('#digits', digits);
        await mail.$eval('form button', (button) => button.click());
        await holds(mail, () => document.body.innerText.includes('The other browser is signed in'));
        await arrive('/account');
        await mail.goto(`${world.origin}/account`);
        await until('the sign-in page', () => new URL(mail.url()).pathname === '/login');
        await mail.goto(link);
        assert.equal(await mail.$('form'), null);
      } finally {
        await phone.close();
      }
    });

    test('the link in the browser that asked signs in with one click, there and on the page that waits', async () => {
      const { address } = await person('gina');
      await visit('/login');
      const { link } = await askToSignIn(address, 2);
      const mail = await newPage('en');
      await mail.goto(link);
      assert.equal(await mail.$('#digits'), null);
      await mail.$eval('form button', (button) => button.click());
      await until('the account page', () => new URL(mail.url()).pathname === '/account');
      await page.bringToFront();
      await arrive('/account');
    });

    test('wrong digits end the mail, and the page that asked goes on waiting', async () => {
      const { address } = await person('hugo');
      await visit('/login');
      const { link, code } = await askToSignIn(address, 2);
      const wrong = (await text('#digits')) === '17' ? '18' : '17';
      const phone = await browser.createBrowserContext();
      try {
        const mail = await phone.newPage();
        await mail.goto(link);
        await mail.type('#digits', wrong);
        await mail.$eval('form button', (button) => button.click());
        await holds(mail, () => document.body.innerText.includes('This link does not work'));
      } finally {
        await phone.close();
      }
      await type('#code', code);
      await submit('#confirm');
      await hears('This code is wrong, or not valid any more.');
      assert.equal(path(), '/mail-sign-in');
    });

    test('a sign-in by mail asks for a new password where one is required, in German', async () => {
      const { address, id } = await person('ines');
      const changed = await world.call('PATCH', `/api/admin/users/${id}`, { token: admin, body: { passwordChangeRequired: true } });
      assert.ok(changed.status < 300, String(changed.status));
      await visit('/mail-sign-in', 'de-DE,de;q=0.9');
      assert.equal(await text('h1'), 'Mit einer Mail anmelden');
      await type('#address', address);
      await submit('#ask');
      const { code } = await mailTo(world, address, 2);
      await type('#code', code);
      await submit('#confirm');
      await hears('Sie brauchen ein neues Passwort.');
      await lookAt(page, name, 'mail-sign-in-new-password');
      await type('#next', NEW);
      await submit('#confirm');
      await arrive('/account');
    });

    test('no page has broken its own policy', () => assert.deepEqual(complaints, []));
  });
}
