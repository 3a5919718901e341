// The client's second module in a page of an app, in real browsers against the real server: everything that people do for their own
// account, by calls only. Codes and links come from the mails themselves.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { BROWSERS, freshProfile, holds } from './browsers.mjs';
import { mailTo } from './mails.mjs';
import { DEMO, freePort, startWorld } from './server.mjs';

const OLD = 'plums on the kitchen table';
const NEW = 'rain over the long meadow';

const app = (origin = '', version = '') => `<!doctype html><title>app</title><script type="module">
  import { createClient, CountersignError } from '${origin}/client${version}.js';
  import { createSelfService } from '${origin}/client-account${version}.js';
  window.CountersignError = CountersignError;
  window.auth = createClient(${origin && JSON.stringify({ baseUrl: origin })});
  window.account = createSelfService(auth);
</script>`;

for (const { name, launch } of BROWSERS) {
  describe(`the second module of the client in ${name}`, () => {
    let world, browser, context, page, front, frontOrigin;

    before(async () => {
      const port = await freePort();
      frontOrigin = `http://localhost:${port}`;
      [browser, world] = await Promise.all([launch(), startWorld({ 'registration.mode': 'open', 'mail.sign_in': 'on', cors_origins: frontOrigin })]);
      world.pages.set('/app', app());
      world.pages.set('/pinned', app('', '-0.1.0'));
      front = createServer((_request, response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end(app(world.origin))).listen(port, 'localhost');
      await once(front, 'listening');
    });
    after(async () => {
      await browser?.close();
      front?.closeAllConnections();
      front?.close();
      await world?.stop();
    });

    async function open(url) {
      const page = await context.newPage();
      await page.goto(url);
      await holds(page, () => window.account && auth.state.status !== 'unknown');
      return page;
    }

    /** A new browser profile with one page of the app. */
    async function visit(url = `${world.origin}/app`) {
      context = await freshProfile(browser, context);
      page = await open(url);
    }

    /** Calls the module in the page; a refusal is what it says. */
    const calls = (method, ...given) =>
      page.evaluate(
        async (method, given) => {
          try {
            return (await account[method](...given)) ?? null;
          } catch (error) {
            return { isOurs: error instanceof CountersignError, code: error.code, status: error.status };
          }
        },
        method,
        given,
      );
    const signedInAs = (page, username) => holds(page, (username) => auth.user?.username === username, username);
    const userName = (page) => page.evaluate(() => auth.fetch(`${auth.url}api/profile`).then((response) => response.json()).then(({ user }) => user.username));

    /** An account that was made in this browser, with its address. */
    async function person(username) {
      const address = `${username}@example.org`;
      assert.ok((await calls('register', address)).expiresIn > 0);
      const { code } = await mailTo(world, address);
      assert.equal(await calls('finishRegistration', code, username, OLD), null);
      return address;
    }

    test('registration: what is refused leaves the code good, and both refusals are errors of the core', async () => {
      await visit();
      const address = 'ada@example.org';
      await calls('register', address);
      const { code } = await mailTo(world, address);
      assert.deepEqual(await calls('finishRegistration', code, DEMO.username, OLD), { isOurs: true, code: 'username_taken', status: 409 });
      assert.deepEqual(await calls('finishRegistration', 'four', 'ada', OLD), { isOurs: true, code: 'not_a_code', status: 0 });
      assert.equal(await calls('finishRegistration', code, 'ada', OLD), null);
      assert.equal(await page.evaluate(() => auth.state.status), 'signed-out');
      assert.equal((await page.evaluate((who, password) => auth.login(who, password), address, OLD)).username, 'ada');
      assert.equal(await userName(page), 'ada');
    });

    test('a forgotten password, by code here and by link in another browser', async () => {
      await visit();
      const address = await person('bea');
      await calls('forgotPassword', address);
      const { code } = await mailTo(world, address, 2);
      assert.deepEqual(await calls('resetPassword', code, 'short'), { isOurs: true, code: 'password_too_short', status: 422 });
      assert.equal(await calls('resetPassword', code, NEW), null);
      assert.deepEqual(await calls('resetPassword', code, OLD), { isOurs: true, code: 'ticket_invalid', status: 400 });
      await page.evaluate((password) => auth.login('bea', password), NEW);

      await visit();
      const nobody = await calls('forgotPassword', 'nobody@example.org');
      assert.deepEqual(Object.keys(nobody), ['expiresIn']);
      const second = await person('bert');
      await calls('forgotPassword', second);
      const { link } = await mailTo(world, second, 2);
      await visit();
      assert.equal(await calls('resetPassword', link, NEW), null);
      await page.evaluate((password) => auth.login('bert', password), NEW);
    });

    test('a sign-in by the code: the other tab knows, and a reload restores it', async () => {
      await visit();
      const address = await person('cleo');
      const other = await open(`${world.origin}/app`);
      await page.evaluate(async (address) => (window.mail = await account.signInByMail(address)), address);
      const { code } = await mailTo(world, address, 2);
      assert.equal((await page.evaluate((code) => mail.withCode(code), code)).username, 'cleo');
      await signedInAs(other, 'cleo');
      assert.equal(await userName(other), 'cleo');
      await page.reload();
      await signedInAs(page, 'cleo');
      assert.deepEqual(await other.evaluate(() => auth.logout()), { revoked: true });
      await holds(page, () => auth.state.status === 'signed-out');
    });

    test('a sign-in that waits goes on when its link is opened elsewhere', async () => {
      await visit();
      const address = await person('dora');
      const digits = await page.evaluate(async (address) => {
        window.mail = await account.signInByMail(address);
        mail.whenAllowed().then((user) => (window.allowed = user));
        return mail.digits;
      }, address);
      assert.match(digits, /^\d\d$/);
      const { link } = await mailTo(world, address, 2);
      const phone = await browser.createBrowserContext();
      try {
        const opened = await phone.newPage();
        await opened.goto(link);
        await opened.type('#digits', digits);
        await opened.$eval('form button', (button) => button.click());
        await holds(opened, () => document.body.innerText.includes('The other browser is signed in'));
      } finally {
        await phone.close();
      }
      await page.bringToFront();
      await holds(page, () => window.allowed?.username === 'dora');
      assert.equal(await userName(page), 'dora');
    });

    test('a sign-in by mail asks for what else is needed', async () => {
      await visit();
      const address = await person('emma');
      const admin = (await world.call('POST', '/api/login', { body: DEMO })).body.accessToken;
      const { body } = await world.call('GET', '/api/admin/users?search=emma', { token: admin });
      await world.call('PATCH', `/api/admin/users/${body.users[0].userId}`, { token: admin, body: { passwordChangeRequired: true } });
      await page.evaluate(async (address) => (window.mail = await account.signInByMail(address)), address);
      const { code } = await mailTo(world, address, 2);
      const withCode = (wishes) => page.evaluate((code, wishes) => mail.withCode(code, wishes).then((user) => user.username, (error) => error.code), code, wishes);
      assert.equal(await withCode({}), 'password_change_required');
      assert.equal(await withCode({ newPassword: NEW }), 'emma');
    });

    test('addresses: added, verified, changed, removed; another mail on demand', async () => {
      await visit();
      const first = await person('fay');
      await page.evaluate((password) => auth.login('fay', password), OLD);
      const second = 'fay.two@example.org';
      assert.deepEqual(await calls('addEmail', second, 'wrong'), { isOurs: true, code: 'wrong_password', status: 403 });
      const added = await calls('addEmail', second, OLD);
      assert.deepEqual([added.address, added.verifiedAt], [second, null]);
      assert.ok((await calls('sendVerification', second)).expiresIn > 0);
      const { code } = await mailTo(world, second);
      assert.equal(await calls('verifyEmail', code), null);
      assert.equal(await calls('changeEmail', added.id, OLD), null);
      const listed = await calls('emails');
      assert.deepEqual(listed.map(({ address, primary, verifiedAt }) => [address, primary, verifiedAt !== null]), [[first, false, true], [second, true, true]]);
      assert.equal(await calls('removeEmail', listed[0].id, OLD), null);
      assert.equal((await calls('emails')).length, 1);
    });

    test('a copy of everything, and then a deletion that is taken back', async () => {
      await visit();
      const address = await person('gina');
      await page.evaluate((password) => auth.login('gina', password), OLD);
      const other = await open(`${world.origin}/app`);
      await signedInAs(other, 'gina');
      const data = await page.evaluate(() => account.exportData().then((blob) => blob.text()));
      assert.deepEqual([JSON.parse(data).user.username, JSON.parse(data).emails[0].address], ['gina', address]);
      const { deletionAt } = await calls('deleteAccount', OLD);
      assert.ok(Date.parse(deletionAt) > Date.now());
      for (const tab of [page, other]) await holds(tab, () => auth.state.status === 'signed-out');
      await page.evaluate(async (address) => (window.mail = await account.signInByMail(address)), address);
      const kept = await page.evaluate((password) => auth.login('gina', password, undefined, true), OLD);
      assert.equal(kept.username, 'gina');
    });

    test('a page of another origin does it all the same', async () => {
      await visit(frontOrigin);
      const address = await person('hugo');
      await page.evaluate(async (address) => (window.mail = await account.signInByMail(address)), address);
      const { code } = await mailTo(world, address, 2);
      assert.equal((await page.evaluate((code) => mail.withCode(code), code)).username, 'hugo');
      assert.equal((await calls('emails'))[0].address, address);
      await page.reload();
      await signedInAs(page, 'hugo');
    });

    test('with their versions in their names, both modules have one class of errors', async () => {
      await visit(`${world.origin}/pinned`);
      assert.deepEqual(await calls('verifyEmail', '1234 5678'), { isOurs: true, code: 'ticket_invalid', status: 400 });
    });

    // The last one, because from here on every mail of this server costs work.
    test('the work that is demanded while very many mails are asked for is done', async () => {
      await visit();
      const address = await person('ines');
      let refused;
      for (let n = 0; n < 60 && refused?.status !== 403; n++) refused = await world.call('POST', '/api/email/start', { body: { purpose: 'reset', address: `flood${n}@example.org` } });
      assert.deepEqual([refused.status, refused.body.code], [403, 'proof_required']);
      await calls('forgotPassword', address);
      const { code } = await mailTo(world, address, 2);
      assert.equal(await calls('resetPassword', code, NEW), null);
      const latest = await person('jonas');
      await page.evaluate(async (address) => (window.mail = await account.signInByMail(address)), latest);
      const signIn = await mailTo(world, latest, 2);
      assert.equal((await page.evaluate((code) => mail.withCode(code), signIn.code)).username, 'jonas');
    });
  });
}
