// Passkeys in real browsers against the real server, with virtual authenticators that make real signatures: on the sign-in page by a button and in the
// autofill, as the second step, on the account page; and what a thief or a broken authenticator would send.
import assert from 'node:assert/strict';
import { createHash, createPrivateKey, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { LAUNCH, virtualAuthenticator } from './authenticators.mjs';
import { BROWSERS, freshProfile, holds } from './browsers.mjs';
import { lookAt } from './look.mjs';
import { DEMO, freePort, startWorld, until } from './server.mjs';

const PASSWORD = 'plums on the kitchen table';
const NEW = 'rain over the long meadow';

for (const { name, launch } of BROWSERS) {
  const isChromium = name === 'chromium';

  describe(`passkeys in ${name}`, () => {
    let browser, context, page, world, admin, device;
    const complaints = [];

    before(async () => {
      [browser, world] = await Promise.all([launch(LAUNCH[name]), startWorld()]);
      admin = (await world.call('POST', '/api/login', { body: DEMO })).body.accessToken;
    });
    after(async () => {
      await browser?.close();
      await world?.stop();
    });

    /** A browser profile with an authenticator of its own. */
    async function fresh({ language = 'en', ...authenticator } = {}) {
      await device?.leave().catch(() => {});
      context = await freshProfile(browser, context);
      page = await context.newPage();
      await page.setViewport({ width: 1200, height: 850 });
      await page.setExtraHTTPHeaders({ 'Accept-Language': language });
      page.on('dialog', (dialog) => void dialog.accept());
      page.on('pageerror', (error) => complaints.push(String(error)));
      page.on('console', (message) => {
        if (/Content.Security.Policy|Trusted ?Type/i.test(message.text())) complaints.push(message.text());
      });
      await page.evaluateOnNewDocument(() => {
        window.asked = [];
        const get = navigator.credentials?.get.bind(navigator.credentials);
        if (!get) return;
        navigator.credentials.get = (options) => {
          window.asked.push(options.mediation ?? 'button');
          return get(options);
        };
      });
      device = await virtualAuthenticator(page, name, authenticator);
    }

    const visit = (path, at = world) => page.goto(at.origin + path);
    const path = () => new URL(page.url()).pathname + new URL(page.url()).search + new URL(page.url()).hash;
    const arrive = (wanted) => until(`the address ${wanted}`, () => path() === wanted);
    const hears = (part) => holds(page, (part) => document.body.innerText.includes(part), part);
    const click = async (selector) => {
      await page.waitForSelector(selector, { visible: true });
      await page.$eval(selector, (element) => element.click());
    };
    const look = (what) => lookAt(page, name, what);
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
      const names = ['ada', 'bea', 'cleo', 'dora', 'emma', 'fay', 'gina', 'hedy', 'ines', 'joan', 'kate', 'lena', 'mary', 'nora', 'olga', 'pia', 'rosa', 'sara', 'tess'];
      const username = `${names[people++]}-${name}`;
      const made = await at.call('POST', '/api/admin/users', { body: { username, password: PASSWORD }, token });
      assert.equal(made.status, 201);
      return { username, password: PASSWORD, id: made.body.user.userId };
    }

    async function byPassword({ username, password }) {
      await type('#username', username);
      await type('#password', password);
      await click('#submit');
    }

    /** Adds a passkey on the account page; gives the recovery codes that come with the first one. */
    async function add(passkeyName = 'Laptop', { isFirst = true } = {}) {
      await press('Add a passkey');
      await type('dialog [name=name]', passkeyName);
      await type('dialog [name=currentPassword]', PASSWORD);
      await press('Add');
      const codes = isFirst ? await keepCodes() : [];
      await dialogCloses();
      await holds(page, (name) => [...document.querySelectorAll('#passkeys strong')].some(({ textContent }) => textContent === name), passkeyName);
      return codes;
    }
    async function keepCodes() {
      await page.waitForSelector('.recovery code');
      const codes = await page.$$eval('.recovery code', (all) => all.map(({ textContent }) => textContent));
      assert.equal(codes.length, 10);
      await click('#kept');
      await click('.codes .primary');
      return codes;
    }

    /** Somebody with a passkey, signed out, in a fresh profile. The autofill of the sign-in page would find it, so nobody is there yet. */
    async function withPasskey() {
      const who = await person();
      await fresh();
      await visit('/login');
      await byPassword(who);
      await arrive('/account');
      const codes = await add();
      const [credential] = await device.credentials();
      await device.setPresent?.(false);
      await press('Sign out');
      await arrive('/login?reason=logout');
      await autofillWaits();
      return { ...who, codes, credential };
    }

    /** What the page has asked the browser for so far: `conditional` for the autofill, `button`. */
    const asked = () => page.evaluate(() => window.asked);
    const autofillWaits = (count = 1) => holds(page, (count) => window.asked.filter((mediation) => mediation === 'conditional').length >= count, count);

    /** What is said to a route from now on: the JSON of each body. */
    function listen(route) {
      const heard = [];
      world.hear = (entry, body) => entry === route && heard.push(JSON.parse(body));
      return heard;
    }

    /** A request by the page itself, as a script of it would make one. */
    const posts = (path, body) =>
      page.evaluate(
        async (path, body) => {
          const response = await fetch(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
          return { status: response.status, body: await response.json() };
        },
        path,
        body,
      );

    test('a passkey is added on the account page, and signs in by the button, without a name or a password', async () => {
      const ada = await person();
      await fresh();
      await visit('/login');
      assert.deepEqual(await page.$eval('#username', (field) => field.getAttribute('autocomplete')), 'username webauthn');
      await look('login-passkey');
      await byPassword(ada);
      await arrive('/account');
      await hears('No passkey yet.');
      await look('passkeys-none');
      await press('Add a passkey');
      await type('dialog [name=name]', 'My laptop');
      await type('dialog [name=currentPassword]', 'not the password');
      await look('passkeys-add');
      const made = listen('POST /api/account/passkeys');
      await press('Add');
      await hears('The current password is not right.');
      await type('dialog [name=currentPassword]', PASSWORD);
      await press('Add');
      await keepCodes();
      await dialogCloses();
      await hears('My laptop');
      const kept = await device.credentials();
      assert.deepEqual(kept.map(({ rpId }) => rpId), ['localhost']);
      const ids = made.map(({ credential }) => credential.id);
      assert.deepEqual([ids.length, new Set(ids).size], [2, 1], 'the authenticator was asked once');
      await look('passkeys');

      await device.setPresent?.(false);
      await press('Sign out');
      await arrive('/login?reason=logout');
      await visit('/login?return_to=%2Faccount%23keys');
      await autofillWaits();
      await device.setPresent?.(true);
      await press('Sign in with a passkey');
      await arrive('/account#keys');
      await hears(ada.username);
      await hears('My laptop');
    });

    test('a passkey that is chosen in the autofill signs in', async () => {
      const bea = await withPasskey();
      await device.setPresent?.(true);
      await visit('/login');
      if (!isChromium) await autofillWaits();
      await device.choose();
      await arrive('/account');
      await hears(bea.username);
    });

    test('the button works while the autofill waits; what is cancelled can be tried again, and the autofill is back', async () => {
      const cleo = await withPasskey();
      assert.deepEqual(await asked(), ['conditional']);
      await device.setUserVerified(false);
      await device.setPresent?.(true);
      await press('Sign in with a passkey');
      await hears('No passkey was used');
      await look('login-passkey-cancelled');
      await autofillWaits(2);
      assert.deepEqual(await asked(), ['conditional', 'button', 'conditional']);
      await device.setUserVerified(true);
      await press('Sign in with a passkey');
      await arrive('/account');
      await hears(cleo.username);
    });

    test('what was removed by an administrator is offered no more once it was refused', async () => {
      const dora = await withPasskey();
      const { body } = await world.call('GET', `/api/admin/users/${dora.id}/factors`, { token: admin });
      assert.deepEqual(body.factors.map(({ kind, name }) => [kind, name]), [['passkey', 'Laptop']]);
      assert.equal((await world.call('DELETE', `/api/admin/users/${dora.id}/factors`, { token: admin })).status, 204);
      await device.setPresent?.(true);
      await press('Sign in with a passkey');
      await hears('There is no such passkey');
      if (isChromium) await until('the authenticator has forgotten it', async () => (await device.credentials()).length === 0);
      await look('login-passkey-unknown');
      await byPassword(dora);
      await arrive('/account');
      await hears('No passkey yet.');
    });

    test('a passkey is renamed, and removed by itself; the password manager forgets it', async () => {
      const emma = await withPasskey();
      await device.setPresent?.(true);
      await press('Sign in with a passkey');
      await arrive('/account');
      await click('[aria-label="Rename: Laptop"]');
      await type('dialog [name=name]', 'Old laptop');
      await press('Save');
      await dialogCloses();
      await hears('Old laptop');
      await press('Add a passkey');
      await page.waitForSelector('dialog [name=code]');
      await press('Use a passkey instead');
      await hears('This device has a passkey of this account already');
      await look('passkeys-exists');
      await press('Cancel');
      await dialogCloses();
      assert.equal((await device.credentials()).length, 1);
      await click('[aria-label="Remove: Old laptop"]');
      await look('passkeys-remove');
      await press('Use a passkey instead');
      await hears('No passkey yet.');
      if (isChromium) await until('the authenticator has forgotten it', async () => (await device.credentials()).length === 0);
      // From then on the password is enough.
      await press('Sign out');
      await arrive('/login?reason=logout');
      await byPassword(emma);
      await arrive('/account');
    });

    test('on the account page, a passkey stands in for the current password', async () => {
      await withPasskey();
      await device.setPresent?.(true);
      await press('Sign in with a passkey');
      await arrive('/account');
      const changed = listen('PUT /api/password');
      await press('Use a passkey instead');
      assert.deepEqual(changed, [], 'the new password is missing');
      await type('#next', NEW);
      await look('passkeys-password');
      await press('Use a passkey instead');
      await hears('Your password is changed.');
      assert.deepEqual(changed, [{ newPassword: NEW }]);
      await press('Delete my account');
      await page.waitForSelector('dialog [name=currentPassword]');
      await look('passkeys-delete');
      const deleted = listen('DELETE /api/account');
      await press('Use a passkey instead');
      await arrive('/login?return_to=%2Faccount&reason=deletion');
      assert.deepEqual(deleted, [{}]);
    });

    test('after the password, the passkey is the second step; whoever has lost it takes a recovery code', async () => {
      const fay = await withPasskey();
      await visit('/login?return_to=%2Faccount%23keys');
      await byPassword(fay);
      await page.waitForSelector('#second');
      await hears('Use a passkey');
      assert.equal(await page.$eval('#second-code', ({ hidden }) => hidden), true);
      await look('second-step-passkey');
      await device.setPresent?.(true);
      await press('Use a passkey');
      await arrive('/account#keys');
      await device.setPresent?.(false);
      await press('Sign out');
      await arrive('/login?reason=logout');
      for (const { credentialId } of await device.credentials()) await device.remove(credentialId);
      await byPassword(fay);
      await page.waitForSelector('#second');
      await press('Use a recovery code instead');
      await look('second-step-passkey-recovery');
      await type('#second-code', fay.codes[3]);
      await page.keyboard.press('Enter');
      await arrive('/account');
      await hears('9 recovery codes are left.');
    });

    test('an authenticator that does not verify its user is no passkey, and one that cannot keep any is none either', async () => {
      const gina = await person();
      for (const without of [{ hasUserVerification: false, isUserVerified: false }, { hasResidentKey: false, transport: 'usb' }]) {
        await fresh(without);
        await visit('/login');
        await byPassword(gina);
        await arrive('/account');
        await press('Add a passkey');
        await type('dialog [name=currentPassword]', PASSWORD);
        await press('Add');
        await page.waitForSelector('dialog .notice.error');
        if (isChromium) assert.deepEqual(await device.credentials(), []);
      }
      const { accessToken: token } = (await world.call('POST', '/api/login', { body: { username: gina.username, password: PASSWORD } })).body;
      assert.deepEqual((await world.call('GET', '/api/account/factors', { token })).body.factors, []);
    });

    test('a security key without a PIN, which keeps nothing, is good for the second step and no more', async () => {
      const olga = await person();
      await fresh({ hasUserVerification: false, isUserVerified: false, hasResidentKey: false, transport: 'usb' });
      await visit('/login');
      await byPassword(olga);
      await arrive('/account');
      await press('Add a passkey');
      await type('dialog [name=name]', 'Blue key');
      await click('dialog [name=secondStepOnly]');
      await type('dialog [name=currentPassword]', PASSWORD);
      await press('Add');
      await keepCodes();
      await dialogCloses();
      await look('passkeys-key');
      await press('Sign out');
      await arrive('/login?reason=logout');
      await byPassword(olga);
      await page.waitForSelector('#second');
      await press('Use a passkey');
      await arrive('/account');
    });

    test('what the server wants besides is asked for once, and the passkey is not asked again', async () => {
      const hedy = await withPasskey();
      assert.equal((await world.call('PATCH', `/api/admin/users/${hedy.id}`, { body: { passwordChangeRequired: true }, token: admin })).status, 200);
      await device.setPresent?.(true);
      const sent = listen('POST /api/login');
      await press('Sign in with a passkey');
      await page.waitForSelector('#more-password');
      await look('login-passkey-password');
      await type('#more-password', 'short');
      await page.keyboard.press('Enter');
      await page.waitForSelector('#more .notice.error');
      await type('#more-password', NEW);
      await page.keyboard.press('Enter');
      await arrive('/account');
      assert.equal(new Set(sent.map(({ passkey }) => passkey.ticket)).size, 1);
      assert.equal(sent.length, 3);
    });

    test('where everybody has to have a second factor, a passkey can be set up on the way in', async () => {
      const strict = await startWorld({ 'second_factor.required': 'everybody' });
      try {
        await fresh({ language: 'de-DE,de;q=0.9' });
        await visit('/login?return_to=%2Faccount%23keys', strict);
        await byPassword(DEMO);
        await page.waitForSelector('#second .qr');
        await press('Stattdessen einen Passkey einrichten');
        await page.waitForSelector('.recovery code');
        assert.equal(path(), '/login?return_to=%2Faccount%23keys', 'nobody goes on before the codes are kept');
        await keepCodes();
        await arrive('/account#keys');
        await hears('10 Wiederherstellungscodes sind übrig.');
        await hears('nur auf diesem Gerät');
        await look('passkeys-german');
        await visit('/admin', strict);
      } finally {
        await page.goto('about:blank');
        await strict.stop();
      }
    });

    test('a user of the administration shows the passkeys', async () => {
      const ines = await withPasskey();
      await visit('/login?return_to=%2Fadmin');
      await byPassword(DEMO);
      await arrive('/admin');
      await visit(`/admin#users/${ines.id}`);
      await hears('Laptop');
      await look('admin-passkeys');
    });

    test('where a server or a browser has no passkeys, nothing is said of them, and the password signs in', async () => {
      const without = await startWorld({ 'passkeys.enabled': 'off' });
      try {
        for (const at of [without, world]) {
          await fresh();
          if (at === world) await page.evaluateOnNewDocument(() => delete window.PublicKeyCredential);
          await visit('/login', at);
          await page.waitForSelector('#username');
          assert.equal(await page.$eval('#passkey', ({ hidden }) => hidden), true);
          await byPassword(at === world ? await person() : DEMO);
          await arrive('/account');
          await hears('No authenticator yet.');
          assert.equal(await page.evaluate(() => [...document.querySelectorAll('button')].some((button) => button.checkVisibility() && button.innerText === 'Add a passkey')), false);
          if (at === without) assert.equal(await page.$('#passkeys'), null);
          assert.ok(!at.log.includes('POST /api/passkeys/options') || at === world);
        }
      } finally {
        await page.goto('about:blank');
        await without.stop();
      }
    });

    test('the field of a registration offers no signing in', async () => {
      for (const file of ['register', 'forgot', 'mail-sign-in']) {
        const response = await fetch(`${world.origin}/${file}`);
        assert.ok(!(await response.text()).includes('webauthn'), file);
      }
    });

    if (isChromium) hostile();

    /** What a thief, a broken authenticator or a page of somebody else would send. Chromium's authenticators give their keys away. */
    function hostile() {
      /** A page that is signed out, with a challenge of the server: `{ ticket, publicKey }`. */
      const challenge = async () => (await posts('/api/passkeys/options', {})).body;

      /** The answer of the authenticator with this key, as `toJSON` gives it. */
      function answerOf({ credentialId, privateKey, userHandle }, { challenge, origin = world.origin, rpId = 'localhost', flags = 0x05, count = 100 }) {
        const text = (base64) => Buffer.from(base64, 'base64').toString('base64url');
        const clientData = Buffer.from(JSON.stringify({ type: 'webauthn.get', challenge, origin, crossOrigin: false }));
        const counter = Buffer.alloc(4);
        counter.writeUInt32BE(count);
        const sha256 = (bytes) => createHash('sha256').update(bytes).digest();
        const authenticatorData = Buffer.concat([sha256(rpId), Buffer.of(flags), counter]);
        const key = createPrivateKey({ key: Buffer.from(privateKey, 'base64'), format: 'der', type: 'pkcs8' });
        const signature = sign(key.asymmetricKeyType === 'ec' ? 'sha256' : null, Buffer.concat([authenticatorData, sha256(clientData)]), key);
        return {
          id: text(credentialId),
          rawId: text(credentialId),
          type: 'public-key',
          clientExtensionResults: {},
          response: { clientDataJSON: clientData.toString('base64url'), authenticatorData: authenticatorData.toString('base64url'), signature: signature.toString('base64url'), userHandle: text(userHandle) },
        };
      }

      const refusal = async (answer, ticket) => {
        const { status, body } = await posts('/api/login', { passkey: { ticket, credential: answer } });
        return [status, body.code];
      };

      test('only the right origin, the right RP ID, a verified user and a new challenge sign in', async () => {
        const joan = await withPasskey();
        const cases = {
          'another origin': { origin: 'http://localhost:1' },
          'another RP ID': { rpId: 'example.org' },
          'a user that was not verified': { flags: 0x01 },
          'nobody there': { flags: 0x04 },
          'a challenge of nobody': { challenge: Buffer.alloc(32).toString('base64url') },
        };
        const first = await challenge();
        const answer = answerOf(joan.credential, { challenge: first.publicKey.challenge });
        assert.equal((await posts('/api/login', { passkey: { ticket: first.ticket, credential: answer } })).status, 200);
        assert.deepEqual(await refusal(answer, first.ticket), [401, 'passkey_expired'], 'not twice');
        for (const [what, wrong] of Object.entries(cases)) {
          const { ticket, publicKey } = await challenge();
          assert.deepEqual(await refusal(answerOf(joan.credential, { challenge: publicKey.challenge, count: 200, ...wrong }), ticket), [401, 'invalid_passkey'], what);
        }
      });

      test('the request of a sign-in cannot be sent again, and not in another browser', async () => {
        await withPasskey();
        await device.setPresent(true);
        const sent = listen('POST /api/login');
        await press('Sign in with a passkey');
        await arrive('/account');
        await hears('Laptop');
        const [{ passkey }] = sent;
        assert.deepEqual(await refusal(passkey.credential, passkey.ticket), [401, 'passkey_expired']);
        const kate = await withPasskey();
        const { ticket, publicKey } = await challenge();
        const elsewhere = await world.call('POST', '/api/login', { body: { passkey: { ticket, credential: answerOf(kate.credential, { challenge: publicKey.challenge }) } } });
        assert.deepEqual([elsewhere.status, elsewhere.body.code], [401, 'passkey_expired']);
        // Bound to no browser, as of a native app.
        const unbound = (await world.call('POST', '/api/passkeys/options', { body: { refreshTokenDelivery: 'body' } })).body;
        const login = (count) => {
          const credential = answerOf(kate.credential, { challenge: unbound.publicKey.challenge, count });
          return world.call('POST', '/api/login', { body: { passkey: { ticket: unbound.ticket, credential }, refreshTokenDelivery: 'body' } });
        };
        assert.equal((await login(100)).status, 200);
        assert.equal((await login(101)).body.code, 'passkey_expired', 'one challenge has one answer');
      });

      test('a page of another origin gets nothing that signs in', async () => {
        const lena = await withPasskey();
        const port = await freePort();
        const evil = createServer((_request, response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end('<title>evil</title>')).listen(port, 'localhost');
        await once(evil, 'listening');
        const bait = await context.newPage();
        try {
          await bait.goto(`http://localhost:${port}/`);
          const stolen = await virtualAuthenticator(bait, name);
          await stolen.add({ ...lena.credential, signCount: 50 });
          const { ticket, publicKey } = await challenge();
          const answer = await bait.evaluate(async (json) => {
            const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(json);
            return (await navigator.credentials.get({ publicKey })).toJSON();
          }, publicKey);
          assert.deepEqual(await refusal(answer, ticket), [401, 'invalid_passkey']);
        } finally {
          await bait.goto('about:blank');
          evil.closeAllConnections();
          evil.close();
        }
      });

      test('a copy whose counter has fallen behind does not sign in, and the page says so', async () => {
        const mary = await withPasskey();
        await device.setPresent(true);
        for (let n = 0; n < 2; n++) {
          await press('Sign in with a passkey');
          await arrive('/account');
          await device.setPresent(false);
          await press('Sign out');
          await arrive('/login?reason=logout');
          await autofillWaits();
          await device.setPresent(true);
        }
        const [{ signCount, ...now }] = await device.credentials();
        assert.ok(signCount > 1);
        await device.remove(now.credentialId);
        await device.add({ ...mary.credential, signCount: 1 });
        await press('Sign in with a passkey');
        await hears('The passkey was not accepted');
        await look('login-passkey-refused');
      });

      test('as the second step, a key that does not verify its user is enough beside the password', async () => {
        const nora = await withPasskey();
        await device.leave();
        device = await virtualAuthenticator(page, name, { hasUserVerification: false, isUserVerified: false });
        await device.add(nora.credential);
        await press('Sign in with a passkey');
        await hears('No passkey was used');
        await byPassword(nora);
        await page.waitForSelector('#second');
        await press('Use a passkey');
        await arrive('/account');
      });
    }

    test('no page has broken its own policy', () => assert.deepEqual(complaints, []));
  });
}
