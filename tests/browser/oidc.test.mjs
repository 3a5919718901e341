// An application on another site signs people in by openid-client, in real browsers against the real server: the whole way there and
// back, and what people do on it besides pressing the buttons in order.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, beforeEach, describe, test } from 'node:test';
import * as oidc from 'openid-client';
import { BROWSERS, freshProfile, holds } from './browsers.mjs';
import { lookAt } from './look.mjs';
import { ADA, freePort, startWorld, until } from './server.mjs';

const SECRET = 'a secret of more than 32 characters 0123456789';
const HASH = 'sha256:d66195d61573862597bf99579a321f03656f2f89f92c4874f7f76f5ca9b21a66';

for (const { name, launch } of BROWSERS) {
  describe(`signing in to another application in ${name}`, () => {
    let world, app, browser, context, page, config, origin;
    const complaints = [];
    /** The cookies that came along, by path. */
    const cookies = new Map();

    before(async () => {
      const port = await freePort();
      // `127.0.0.1` and `localhost` are two sites.
      origin = `http://127.0.0.1:${port}`;
      const clients = `[[oauth.clients]]\nid = "wiki"\nname = "The Wiki"\nredirect_uris = ["${origin}/callback"]\npost_logout_redirect_uris = ["${origin}/bye"]\nsecret_hashes = ["${HASH}"]\n`;
      [browser, world] = await Promise.all([launch(), startWorld({}, { clients })]);
      world.hear = (entry, _body, headers) => cookies.set(entry, headers.cookie ?? '');
      // Each path but the callback's is a page that leads to what its query says.
      app = createServer((request, response) => {
        const { pathname, searchParams } = new URL(request.url, origin);
        const link = searchParams.get('to')?.replaceAll('&', '&amp;');
        response.writeHead(200, { 'Content-Type': 'text/html' }).end(`<!doctype html><title>The Wiki</title>${pathname === '/' ? `<a href="${link}">Sign in</a>` : 'Back'}`);
      }).listen(port, '127.0.0.1');
      await once(app, 'listening');
      config = await oidc.discovery(new URL(world.origin), 'wiki', SECRET, undefined, { execute: [oidc.allowInsecureRequests] });
    });
    after(async () => {
      await browser?.close();
      app?.closeAllConnections();
      app?.close();
      await world?.stop();
    });
    beforeEach(async () => {
      context = await freshProfile(browser, context);
      page = await newPage();
      cookies.clear();
    });

    async function newPage() {
      const page = await context.newPage();
      await page.setViewport({ width: 1200, height: 850 });
      await page.setExtraHTTPHeaders({ 'Accept-Language': 'en' });
      page.on('pageerror', (error) => complaints.push(String(error)));
      page.on('console', (message) => {
        if (/Content.Security.Policy/i.test(message.text())) complaints.push(message.text());
      });
      return page;
    }

    /** What an application keeps while somebody is away. */
    async function request(more = {}) {
      const [verifier, state, nonce] = [oidc.randomPKCECodeVerifier(), oidc.randomState(), oidc.randomNonce()];
      const code_challenge = await oidc.calculatePKCECodeChallenge(verifier);
      const url = oidc.buildAuthorizationUrl(config, { redirect_uri: `${origin}/callback`, scope: 'openid profile', state, nonce, code_challenge, code_challenge_method: 'S256', ...more });
      return { url, verifier, state, nonce };
    }

    /** Leaves the application by a link, as people do. An address that is typed brings all cookies. */
    async function leave({ url }, from = page) {
      await from.goto(`${origin}/?to=${encodeURIComponent(url.href)}`);
      await from.$eval('a', (link) => link.click());
    }
    const isAt = (path, from = page) => until(`${path}, now ${from.url()}`, () => from.url().split('?')[0] === path);
    const isBack = (from = page) => isAt(`${origin}/callback`, from);
    const isAsked = (from = page) => holds(from, () => document.querySelector('button[value=allow]') !== null);
    const press = (decision, from = page) => from.$eval(`button[value=${decision}]`, (button) => button.click());
    const tokens = ({ verifier, state, nonce }, url) =>
      oidc.authorizationCodeGrant(config, new URL(url), { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true });

    async function signIn(from = page) {
      await from.waitForSelector('#username', { visible: true });
      await from.type('#username', ADA.username);
      await from.type('#password', ADA.password);
      await from.click('#submit');
    }

    /** A profile in which the application is allowed. Other tests may have allowed it before. */
    async function arrive() {
      const asked = await request({ prompt: 'consent' });
      await leave(asked);
      await signIn();
      await isAsked();
      await press('allow');
      await isBack();
      return tokens(asked, page.url());
    }

    /** OI-14: nobody who is signed in is asked to sign in, and the cookie that says so never comes from another site. */
    test('signs in, allows it without a script, comes back, and is not asked again', async () => {
      const asked = await request();
      await leave(asked);
      await signIn();
      await isAsked();
      assert.equal(await page.$eval('h1', ({ innerText }) => innerText), 'The Wiki wants to sign you in');
      const text = await page.$eval('main', ({ innerText }) => innerText);
      for (const part of ['127.0.0.1', 'Know who you are', 'See your user name and language', 'signed in as ada']) assert.ok(text.includes(part), `${part}: ${text}`);
      await lookAt(page, name, 'consent');
      // Firefox switches scripts off for all pages or for none. The page has none, and its policy allows none.
      if (name === 'chromium') await page.setJavaScriptEnabled(false);
      await page.click('button[value=allow]');
      await isBack();
      if (name === 'chromium') await page.setJavaScriptEnabled(true);
      const first = await tokens(asked, page.url());
      const { sub, sid, amr } = first.claims();
      assert.deepEqual(amr, ['pwd']);
      assert.equal((await oidc.fetchUserInfo(config, first.access_token, sub)).preferred_username, 'ada');
      cookies.clear();
      const again = await request();
      await leave(again);
      await isBack();
      assert.doesNotMatch(cookies.get('GET /oauth2/authorize'), /refreshToken=/);
      assert.match(cookies.get('GET /oauth2/continue'), /refreshToken=/);
      assert.equal(cookies.get('GET /login'), undefined, 'nobody is asked');
      assert.equal(cookies.get('POST /oauth2/consent'), undefined, 'nobody is asked');
      const second = await tokens(again, page.url());
      assert.equal(second.claims().sub, sub);
      assert.notEqual(second.claims().sid, sid);
    });

    test('is signed in already, and is asked only what the application may do', async () => {
      await page.goto(`${world.origin}/login`);
      await signIn();
      await isAt(`${world.origin}/account`);
      cookies.clear();
      const asked = await request({ prompt: 'consent' });
      await leave(asked);
      await isAsked();
      assert.match(cookies.get('GET /oauth2/continue'), /refreshToken=/);
      assert.equal(cookies.get('GET /login'), undefined);
      await press('allow');
      await isBack();
      assert.equal((await tokens(asked, page.url())).claims().sub.length, 36);
    });

    /** RFC 6749 §4.1.2.1 */
    test('says no, and the application hears of it', async () => {
      const asked = await request({ prompt: 'consent' });
      await leave(asked);
      await signIn();
      await isAsked();
      await press('deny');
      await isBack();
      await assert.rejects(tokens(asked, page.url()), { error: 'access_denied' });
    });

    /** OI-14 */
    test('goes back, and answers the question once more', async () => {
      const asked = await request({ prompt: 'consent' });
      await leave(asked);
      await signIn();
      await isAsked();
      await press('deny');
      await isBack();
      await page.goBack();
      await isAsked();
      await press('allow');
      await isBack();
      assert.equal((await tokens(asked, page.url())).claims().aud, 'wiki');
      // Back after that, too: a code that was used is of no use, and a new one is made by the button only.
      const used = page.url();
      await page.goBack();
      await isAsked();
      await press('allow');
      await isBack();
      assert.notEqual(page.url(), used);
      await assert.rejects(tokens(asked, used), { error: 'invalid_grant' });
    });

    /** OI-14 */
    test('presses twice, and comes back with a code that works', async () => {
      const asked = await request({ prompt: 'consent' });
      await leave(asked);
      await signIn();
      await isAsked();
      world.weather = (entry) => (entry === 'POST /oauth2/consent' ? { delayMs: 150 } : {});
      await page.$eval('button[value=allow]', (button) => {
        button.click();
        button.click();
      });
      await isBack();
      world.weather = () => ({});
      assert.equal((await tokens(asked, page.url())).claims().aud, 'wiki');
    });

    /** OI-2, OI-14 */
    test('begins in two tabs, and both come to their own end', async () => {
      const other = await newPage();
      const [first, second] = [await request({ prompt: 'consent' }), await request({ prompt: 'consent' })];
      await leave(first);
      await page.waitForSelector('#username', { visible: true });
      await leave(second, other);
      await signIn(other);
      await isAsked(other);
      await page.reload();
      await isAsked();
      await press('allow', other);
      await isBack(other);
      await press('allow');
      await isBack();
      const [of, ofOther] = [await tokens(first, page.url()), await tokens(second, other.url())];
      assert.equal(of.claims().sub, ofOther.claims().sub);
    });

    /** OI-6 */
    test('sees the application on the account page, disconnects it, and is asked again', async () => {
      const held = await arrive();
      const [token, { sub }] = [held.access_token, held.claims()];
      await page.goto(`${world.origin}/account`);
      await page.waitForSelector('#apps li');
      const shown = await page.$eval('#apps', ({ innerText }) => innerText);
      for (const part of ['The Wiki', new URL(origin).host, 'Know who you are · See your user name and language', 'last used']) assert.ok(shown.includes(part), `${part}: ${shown}`);
      await page.waitForSelector('#sessions li');
      assert.equal(await page.$eval('#sessions', ({ innerText }) => innerText.includes('wiki')), false, 'it is in one place');
      await lookAt(page, name, 'account-apps');
      await page.click('#apps button');
      await page.waitForSelector('dialog[open] .primary');
      await page.click('dialog[open] .primary');
      await holds(page, () => document.body.innerText.includes('The Wiki is disconnected.'));
      await holds(page, () => document.querySelector('#apps').innerText.startsWith('No applications.'));
      await assert.rejects(oidc.fetchUserInfo(config, token, sub));
      await leave(await request());
      await isAsked();
    });

    /** OI-15 */
    test('is signed out by the application that it signed in to, and asked by one that does not say whom', async () => {
      const held = await arrive();
      const out = (more) => ({ url: oidc.buildEndSessionUrl(config, { post_logout_redirect_uri: `${origin}/bye`, state: 'x', ...more }) });
      await leave(out({}));
      await holds(page, () => document.querySelector('button[value=sign_out]') !== null);
      await lookAt(page, name, 'sign-out');
      await page.click('button[value=stay]');
      await holds(page, () => document.body.innerText.includes('You are still signed in'));
      await leave(out({ id_token_hint: held.id_token }));
      await isAt(`${origin}/bye`);
      assert.equal(new URL(page.url()).searchParams.get('state'), 'x');
      await leave(await request());
      await page.waitForSelector('#username', { visible: true });
    });

    test('is told on a page of ours what does not work, and of a page that goes on nothing is amiss', async () => {
      const { url } = await request({ redirect_uri: `${origin}/elsewhere` });
      await leave({ url });
      await holds(page, () => document.body.innerText.includes('an address that is not registered for it'));
      assert.equal(new URL(page.url()).origin, world.origin);
      await lookAt(page, name, 'app-refused');
      // As it is but for going on.
      const onwards = await (await fetch((await request()).url)).text();
      assert.match(onwards, /<meta http-equiv="refresh" content="0; url=continue\?flow=/);
      world.pages.set('/oauth2/onwards', onwards.replace(/<meta http-equiv="refresh"[^>]*>/, ''));
      await page.goto(`${world.origin}/oauth2/onwards`);
      await lookAt(page, name, 'onwards');
    });

    test('has not seen a page complain', () => assert.deepEqual(complaints, []));
  });
}
