// The second step of a sign-in in real browsers against the real server. The codes are computed by another program, Debian's
// `oathtool`: of the present time step or, because each is good once, of the next one, which the server takes too (RFC 6238 §5.2).
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { BROWSERS, freshProfile, holds } from './browsers.mjs';
import { lookAt } from './look.mjs';
import { codeOfStep, STEP_MS } from './oathtool.mjs';
import { DEMO, startWorld, until } from './server.mjs';

const PASSWORD = 'plums on the kitchen table';
const NEW = 'rain over the long meadow';

/** An authenticator, as somebody holds it. */
function authenticator(secret) {
  let last = 0;
  return {
    /** A code that was not used before. The one of the next step is taken too; only the third in half a minute has to wait. */
    async code() {
      const step = await until('a new time step', () => {
        const now = Math.floor(Date.now() / STEP_MS);
        const next = Math.max(now, last + 1);
        return next <= now + 1 && next;
      }, 2 * STEP_MS);
      last = step;
      return codeOfStep(secret, step);
    },
    /** One that was used. */
    used: () => codeOfStep(secret, last),
    /** Six digits that no step near this one has. */
    wrong: () => ['000000', '111111', '222222', '333333', '444444', '555555'].find((code) => [-2, -1, 0, 1, 2].every((n) => codeOfStep(secret, Math.floor(Date.now() / STEP_MS) + n) !== code)),
  };
}

for (const { name, launch } of BROWSERS) {
  describe(`second factors in ${name}`, () => {
    let browser, context, page, world, admin;
    const complaints = [];

    before(async () => {
      [browser, world] = await Promise.all([launch(), startWorld({ 'mail.sign_in': 'on' })]);
      admin = (await world.call('POST', '/api/login', { body: DEMO })).body.accessToken;
    });
    after(async () => {
      await browser?.close();
      await world?.stop();
    });

    async function fresh(language = 'en') {
      context = await freshProfile(browser, context);
      page = await context.newPage();
      await page.setViewport({ width: 1200, height: 850 });
      await page.setExtraHTTPHeaders({ 'Accept-Language': language });
      page.on('dialog', (dialog) => void dialog.accept());
      page.on('pageerror', (error) => complaints.push(String(error)));
      page.on('console', (message) => {
        if (/Content.Security.Policy|Trusted ?Type/i.test(message.text())) complaints.push(message.text());
      });
    }

    async function visit(path, at = world) {
      await page.goto(at.origin + path);
    }

    const path = () => new URL(page.url()).pathname + new URL(page.url()).search + new URL(page.url()).hash;
    const arrive = (wanted) => until(`the address ${wanted}`, () => path() === wanted);
    const hears = (part) => holds(page, (part) => document.body.innerText.includes(part), part);
    const text = (selector) => page.$eval(selector, ({ innerText }) => innerText.trim());
    const click = async (selector) => {
      await page.waitForSelector(selector);
      await page.$eval(selector, (element) => element.click());
    };
    const look = (what) => lookAt(page, name, what);
    /** Types into an empty field. */
    async function type(selector, value) {
      await page.waitForSelector(selector);
      await page.$eval(selector, (field) => {
        field.value = '';
        field.focus();
      });
      await page.type(selector, value);
    }
    /** Presses the button with this text in the topmost dialog, or on the page. */
    const press = (label) =>
      until(`a button ${label}`, () =>
        page.evaluate((label) => {
          const scope = [...document.querySelectorAll('dialog[open]')].at(-1) ?? document;
          const button = [...scope.querySelectorAll('button')].find((button) => button.innerText.trim() === label && button.getClientRects().length > 0);
          button?.click();
          return button !== undefined;
        }, label),
      );
    const dialogCloses = () => holds(page, () => !document.querySelector('dialog[open]'));

    let people = 0;
    async function person(at = world, token = admin) {
      const username = `${['ada', 'bea', 'cleo', 'dora', 'emma', 'fay', 'gina', 'hedy', 'ines'][people++]}-${name}`;
      const made = await at.call('POST', '/api/admin/users', { body: { username, password: PASSWORD }, token });
      assert.equal(made.status, 201);
      return { username, password: PASSWORD, id: made.body.user.userId };
    }

    async function signIn({ username, password }) {
      await type('#username', username);
      await type('#password', password);
      await click('#submit');
    }

    /** Gives the person an authenticator by the API, as another device would. */
    async function enrol(who) {
      const { accessToken: token } = (await world.call('POST', '/api/login', { body: { username: who.username, password: PASSWORD } })).body;
      const offer = (await world.call('POST', '/api/account/factors/offer', { token })).body;
      const app = authenticator(offer.secret);
      const body = { enrolment: offer.enrolment, newCode: await app.code(), name: 'Phone', currentPassword: PASSWORD };
      const added = await world.call('POST', '/api/account/factors', { body, token });
      assert.equal(added.status, 201, JSON.stringify(added.body));
      return { app, codes: added.body.recoveryCodes, token };
    }

    /** Reads the codes that are shown, says that they are kept, and goes on. */
    async function keepCodes() {
      await page.waitForSelector('.recovery code');
      const codes = await page.$$eval('.recovery code', (all) => all.map(({ textContent }) => textContent));
      assert.equal(codes.length, 10);
      assert.equal(new Set(codes).size, 10);
      return codes;
    }
    async function goOn() {
      await click('#kept');
      await click('.codes .primary');
    }

    test('an authenticator is set up on the account page; its recovery codes are shown once; then signing in asks for a code', async () => {
      const ada = await person();
      await fresh();
      await visit('/login');
      await signIn(ada);
      await arrive('/account');
      await hears('No authenticator yet.');
      await look('factors-none');
      await press('Set up an authenticator');
      await page.waitForSelector('dialog .qr');
      const secret = await text('#secret');
      assert.match(secret, /^([A-Z2-7]{4} ){7}[A-Z2-7]{4}$/);
      assert.match(await page.$eval('.offer a', ({ href }) => href), new RegExp(`^otpauth://totp/.*:${ada.username}\\?secret=${secret.replaceAll(' ', '')}&`));
      await look('factors-add');
      const app = authenticator(secret);
      await type('dialog [name=name]', 'My phone');
      await type('dialog [name=newCode]', app.wrong());
      await type('dialog [name=currentPassword]', 'not the password');
      await press('Add');
      await hears('The current password is not right.');
      await type('dialog [name=currentPassword]', PASSWORD);
      await press('Add');
      await hears('The code is not right, or was used before.');
      const code = await app.code();
      // As people read it from their phone.
      await type('dialog [name=newCode]', `${code.slice(0, 3)} ${code.slice(3)}`);
      await press('Add');
      const codes = await keepCodes();
      await look('factors-codes');
      // It cannot be left before they are kept, by no key.
      for (let n = 0; n < 3; n++) await page.keyboard.press('Escape');
      await page.$eval('.codes .primary', (button) => button.click());
      await page.waitForSelector('dialog[open] .recovery');
      await goOn();
      await dialogCloses();
      await hears('My phone');
      await hears('10 recovery codes are left.');
      const html = await page.evaluate(() => document.documentElement.outerHTML);
      for (const shown of [...codes, secret, secret.replaceAll(' ', '')]) assert.ok(!html.includes(shown));
      await look('factors');

      await press('Sign out');
      await arrive('/login?reason=logout');
      await visit('/login?return_to=%2Faccount%23keys');
      await signIn(ada);
      await page.waitForSelector('#second-code');
      const field = await page.$eval('#second-code', (field) => [field.getAttribute('autocomplete'), field.inputMode, document.activeElement === field]);
      assert.deepEqual(field, ['one-time-code', 'numeric', true]);
      await look('second-step');
      await page.keyboard.type(app.used());
      await page.keyboard.press('Enter');
      await hears('The code is not right, or was used before.');
      assert.equal(await page.evaluate(() => document.activeElement.id), 'second-code');
      await look('second-step-wrong');
      await page.keyboard.type(`12345`);
      await page.keyboard.press('Enter');
      await hears('The code has six digits.');
      await page.keyboard.type(await app.code());
      await page.keyboard.press('Enter');
      await arrive('/account#keys');
    });

    test('a trusted device is not asked again, until it is forgotten', async () => {
      const bea = await person();
      const { app } = await enrol(bea);
      await fresh();
      await visit('/login');
      await signIn(bea);
      await page.waitForSelector('#trust');
      assert.equal(await text('[for=trust]'), 'Trust this device for 30 days');
      await click('#trust');
      await page.type('#second-code', await app.code());
      await page.keyboard.press('Enter');
      await arrive('/account');
      await hears('Trusted devices');
      await press('Sign out');
      await arrive('/login?reason=logout');
      await signIn(bea);
      await arrive('/account');
      await hears('Trusted devices');
      await look('factors-trusted');
      await press('Forget');
      await hears('That device is asked for a code again.');
      await press('Sign out');
      await arrive('/login?reason=logout');
      await signIn(bea);
      await page.waitForSelector('#second-code');
      // The way back: another account can sign in.
      await press('Back to sign in');
      await page.waitForSelector('#username', { visible: true });
      assert.equal(await page.$('#second-code'), null);
    });

    test('a recovery code works once; few that are left are warned of; new ones take the password and a code', async () => {
      const cleo = await person();
      const { app, codes } = await enrol(cleo);
      for (const recoveryCode of codes.slice(0, 6)) {
        const { ticket } = (await world.call('POST', '/api/login', { body: { username: cleo.username, password: PASSWORD, refreshTokenDelivery: 'body' } })).body;
        assert.equal((await world.call('POST', '/api/login/factor', { body: { ticket, recoveryCode, refreshTokenDelivery: 'body' } })).status, 200);
      }
      await fresh();
      await visit('/login');
      await signIn(cleo);
      await page.waitForSelector('#second-code');
      await press('Use a recovery code instead');
      await hears('Recovery code');
      assert.deepEqual(await page.$eval('#second-code', (field) => [field.getAttribute('autocomplete'), field.inputMode, document.activeElement === field]), ['off', 'text', true]);
      await page.keyboard.type(codes[0]);
      await page.keyboard.press('Enter');
      await hears('The code is not right, or was used before.');
      await look('second-step-recovery');
      // As people type it from paper.
      await type('#second-code', codes[6].toUpperCase().replaceAll('-', ' '));
      await page.keyboard.press('Enter');
      await arrive('/account');
      await hears('3 recovery codes are left. Make new ones before you need them.');
      await look('factors-few');
      await press('Make new codes');
      await page.waitForSelector('dialog [name=code]');
      await type('dialog [name=currentPassword]', PASSWORD);
      await type('dialog [name=code]', await app.code());
      await look('factors-renew');
      await click('dialog .primary');
      const renewed = await keepCodes();
      assert.ok(renewed.every((code) => !codes.includes(code)));
      await goOn();
      await hears('10 recovery codes are left.');
      // Removing the last authenticator, by a recovery code.
      await press('Remove');
      await type('dialog [name=currentPassword]', PASSWORD);
      await press('Use a recovery code instead');
      await type('dialog [name=code]', codes[7]);
      await click('dialog .danger');
      await hears('The code is not right, or was used before.');
      await type('dialog [name=code]', renewed[0]);
      await click('dialog .danger');
      await hears('No authenticator yet.');
    });

    test('an authenticator gets another name, and a second one', async () => {
      const dora = await person();
      const { app } = await enrol(dora);
      await fresh();
      await visit('/login');
      await signIn(dora);
      await type('#second-code', await app.code());
      await page.keyboard.press('Enter');
      await arrive('/account');
      await click('[aria-label="Rename: Phone"]');
      await type('dialog [name=name]', 'Old phone');
      await press('Save');
      await hears('Old phone');
      await press('Add another authenticator');
      await page.waitForSelector('dialog .qr');
      const second = authenticator(await text('#secret'));
      await type('dialog [name=name]', 'Tablet');
      await type('dialog [name=newCode]', await second.code());
      await type('dialog [name=currentPassword]', PASSWORD);
      await look('factors-add-another');
      await type('dialog [name=code]', await app.code());
      await press('Add');
      await hears('Tablet');
      assert.deepEqual(await page.$$eval('#factors li strong', (all) => all.map(({ textContent }) => textContent)), ['Old phone', 'Tablet']);
    });

    test('too many wrong codes: the page says for how long to wait', async () => {
      const emma = await person();
      await enrol(emma);
      await fresh();
      await visit('/login');
      await signIn(emma);
      await page.waitForSelector('#second-code');
      await page.evaluate(() => {
        const real = window.fetch;
        const refusal = () => new Response('{"error":"Too many attempts, try again later","code":"too_many_attempts"}', { status: 429, headers: { 'Retry-After': '61' } });
        window.fetch = (input, init) => (String(input).endsWith('/api/login/factor') ? Promise.resolve(refusal()) : real(input, init));
      });
      await page.keyboard.type('123456');
      await page.keyboard.press('Enter');
      await hears('Too many attempts. Try again in 1:01 minutes.');
      assert.equal(await page.$eval('#second .primary', ({ disabled }) => disabled), true);
    });

    test('a required new password is chosen in the second step', async () => {
      const fay = await person();
      const { app } = await enrol(fay);
      const changed = await world.call('PATCH', `/api/admin/users/${fay.id}`, { token: admin, body: { passwordChangeRequired: true } });
      assert.ok(changed.status < 300, JSON.stringify(changed));
      await fresh();
      await visit('/login');
      await signIn(fay);
      await type('#second-code', await app.code());
      await page.keyboard.press('Enter');
      await hears('You need a new password. Choose one to sign in.');
      assert.equal(await page.evaluate(() => document.activeElement.id), 'second-password');
      await look('second-step-password');
      await page.keyboard.type('short');
      await page.keyboard.press('Enter');
      await hears('The password must have at least');
      await type('#second-password', NEW);
      await page.keyboard.press('Enter');
      await arrive('/account');
    });

    test('an administrator sees the authenticators of somebody, and resets them', async () => {
      const gina = await person();
      const { token } = await enrol(gina);
      await fresh();
      await visit(`/login?return_to=${encodeURIComponent(`/admin#users/${gina.id}`)}`);
      await signIn(DEMO);
      await page.waitForSelector('#factors li');
      await hears('10 recovery codes are left. No trusted devices.');
      await look('admin-factors');
      await press('Reset the second step');
      await look('admin-factors-reset');
      await press('Reset');
      await hears(`The second step of ${gina.username} is reset.`);
      await hears('No second factor.');
      await hears('Second factor removed');
      assert.equal((await world.call('GET', '/api/user', { token })).status, 401);
      assert.equal((await world.call('POST', '/api/login', { body: { username: gina.username, password: PASSWORD } })).status, 200);
    });

    test('by mail and in German: the second step follows the code of the mail', async () => {
      const hedy = await person();
      const { app, token } = await enrol(hedy);
      const address = `${hedy.username}@example.org`;
      const added = await world.call('POST', '/api/account/emails', { token, body: { address, currentPassword: PASSWORD } });
      assert.ok(added.status < 300, JSON.stringify(added.body));
      const verify = await mailTo(address, 1);
      assert.equal((await world.call('POST', '/api/email/confirm', { body: { token: verify.link.split('/m/')[1] } })).status, 204);
      await fresh('de-DE,de;q=0.9');
      await visit('/mail-sign-in?return_to=%2Faccount%23keys');
      await type('#address', address);
      await click('#ask .primary');
      const { code } = await mailTo(address, 2);
      await type('#code', code);
      await click('#confirm .primary');
      await page.waitForSelector('#second-code');
      assert.equal(await text('#second h1'), 'Zweiter Schritt');
      await type('#second-code', app.wrong());
      await page.keyboard.press('Enter');
      await hears('Der Code ist nicht richtig oder wurde schon verwendet.');
      await look('second-step-german');
      await type('#second-code', await app.code());
      await page.keyboard.press('Enter');
      await arrive('/account#keys');
      await hears('10 Wiederherstellungscodes sind übrig.');
      await look('factors-german');
    });

    test('where everybody has to have one, it is set up on the way in, also in German', async () => {
      const strict = await startWorld({ 'second_factor.required': 'everybody' });
      try {
        await fresh('de-DE,de;q=0.9');
        await visit('/login?return_to=%2Faccount%23keys', strict);
        await signIn(DEMO);
        await page.waitForSelector('#second .qr');
        assert.equal(await text('#second h1'), 'Zweiten Schritt einrichten');
        // Administrators are asked each time.
        assert.equal(await page.$('#trust'), null);
        await look('second-step-enrol-german');
        const app = authenticator(await text('#secret'));
        await type('#second-code', app.wrong());
        await page.keyboard.press('Enter');
        await hears('Der Code ist nicht richtig');
        await type('#second-code', await app.code());
        await page.keyboard.press('Enter');
        const codes = await keepCodes();
        await look('second-step-codes-german');
        assert.equal(path(), '/login?return_to=%2Faccount%23keys');
        await goOn();
        await arrive('/account#keys');
        await hears('10 Wiederherstellungscodes sind übrig.');
        assert.equal(await page.$('[aria-label^="Entfernen: "]'), null, 'the last one cannot be removed');
        await fresh();
        await visit('/login', strict);
        await signIn(DEMO);
        await page.waitForSelector('#second-code');
        await press('Use a recovery code instead');
        await page.keyboard.type(codes[0]);
        await page.keyboard.press('Enter');
        await arrive('/account');
        await hears('9 recovery codes are left.');
      } finally {
        await page.goto('about:blank');
        await strict.stop();
      }
    });

    test('a session that began with less than is asked for now leads to the sign-in page', async () => {
      await fresh();
      // As the server refuses after its policy has changed.
      await page.evaluateOnNewDocument(() => {
        const real = window.fetch;
        const refusal = () => new Response('{"error":"Sign in again, with a second factor","code":"reauthentication_required"}', { status: 401 });
        window.fetch = (input, init) => (String(input).includes('/api/refresh') ? Promise.resolve(refusal()) : real(input, init));
      });
      await visit('/account#keys');
      await arrive('/login?return_to=%2Faccount%23keys&reason=reauthentication_required');
      await hears('Your account needs a second step now.');
      await look('second-step-needed');
    });

    test('no page has broken its own policy', () => assert.deepEqual(complaints, []));

    async function mailTo(address, count) {
      return until(`mail ${count} to ${address}`, async () => {
        const all = await (await fetch(`http://127.0.0.1:${world.upstream}/dev/mail`)).text();
        const plain = (html) => html.replace(/<[^>]+>/g, '').replace(/&#39;/g, "'").replace(/&amp;/g, '&');
        const found = [...all.matchAll(/<article><h2>(.*?)<\/h2><p>To (.*?), from .*?<\/p><pre>(.*?)<\/pre>/gs)].filter(([, , to, body]) => plain(to) === address && /\/m\//.test(body));
        return found.length >= count && { code: /\b\d{4}[ \u00a0]?\d{4}\b/.exec(plain(found[0][3]))?.[0], link: /http:\/\/\S+\/m\/[\w-]{43}/.exec(plain(found[0][3]))?.[0] };
      });
    }
  });
}
