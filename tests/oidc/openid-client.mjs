// openid-client against a running server, with a browser of a few lines: it keeps cookies, and follows what a browser would follow.
//
//   node openid-client.mjs ISSUER    COUNTERSIGN_TEST_SECRET is the secret of the clients `wiki` and `sync`, COUNTERSIGN_TEST_KEY the private
//                                    key of `bank` as a JWK

import assert from 'node:assert/strict';
import * as oidc from 'openid-client';

const issuer = process.argv[2];
const secret = process.env.COUNTERSIGN_TEST_SECRET;
const [username, password] = ['ada', 'a long enough passphrase'];

/** A jar of cookies, and where a page leads. A page of another site brings no `SameSite=Strict` cookie. */
class Browser {
  cookies = new Map();

  async fetch(url, { crossSite = false, ...init } = {}) {
    const sent = [...this.cookies].filter(([, { strict }]) => !crossSite || !strict);
    const headers = { ...init.headers, cookie: sent.map(([name, { value }]) => `${name}=${value}`).join('; '), 'sec-fetch-site': crossSite ? 'cross-site' : 'same-origin' };
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      this.cookies.set(name, { value, strict: line.includes('SameSite=Strict') });
    }
    return response;
  }

  async signIn() {
    const response = await this.fetch(`${issuer}/api/login`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ username, password }) });
    assert.equal(response.status, 200, await response.clone().text());
  }

  /** From the application to the application: the address at which the browser ends. */
  async follow(url, decision = 'allow') {
    let response = await this.fetch(url, { crossSite: true });
    let at = String(url);
    for (let step = 0; step < 10; step += 1) {
      const location = response.headers.get('location');
      if (location !== null) {
        const next = new URL(location, at);
        if (next.origin !== new URL(issuer).origin) return next;
        if (next.pathname === '/login') {
          await this.signIn();
          at = new URL(next.searchParams.get('return_to'), issuer).href;
        } else {
          at = next.href;
        }
        response = await this.fetch(at);
        continue;
      }
      const page = await response.text();
      assert.equal(response.status, 200, page);
      const onwards = /http-equiv="refresh" content="0; url=([^"]+)"/.exec(page)?.[1];
      if (onwards !== undefined) {
        at = new URL(onwards, at).href;
        response = await this.fetch(at);
        continue;
      }
      const form = /name="form" value="([^"]+)"/.exec(page)?.[1];
      assert.ok(form, page);
      at = new URL('consent', at).href;
      response = await this.fetch(at, { method: 'POST', body: new URLSearchParams({ form, decision }) });
    }
    throw new Error('the browser goes round in circles');
  }
}

async function flow({ id, authentication, redirect_uri, scope, algorithm, more = {} }, browser) {
  const settings = { client_secret: authentication === undefined ? undefined : secret, id_token_signed_response_alg: algorithm };
  const config = await oidc.discovery(new URL(issuer), id, settings, authentication ?? oidc.None(), { execute: [oidc.allowInsecureRequests] });
  assert.equal(config.serverMetadata().supportsPKCE(), true);
  const verifier = oidc.randomPKCECodeVerifier();
  const [state, nonce] = [oidc.randomState(), oidc.randomNonce()];
  const url = oidc.buildAuthorizationUrl(config, {
    redirect_uri,
    scope,
    state,
    nonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...more,
  });
  const arrived = await browser.follow(url);
  const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true };
  return { config, tokens: await oidc.authorizationCodeGrant(config, arrived, checks) };
}

const CLIENTS = {
  'a confidential client by Basic': { id: 'wiki', authentication: oidc.ClientSecretBasic(secret), redirect_uri: 'http://127.0.0.1:9/cb', scope: 'openid profile offline_access', algorithm: 'RS256' },
  'a confidential client by the form': { id: 'wiki', authentication: oidc.ClientSecretPost(secret), redirect_uri: 'http://127.0.0.1:9/cb', scope: 'openid', algorithm: 'RS256' },
  'a public client with any port': { id: 'mobile', redirect_uri: 'http://127.0.0.1:54321/callback', scope: 'openid profile email', algorithm: 'EdDSA' },
};

for (const [name, client] of Object.entries(CLIENTS)) {
  const browser = new Browser();
  const { config, tokens } = await flow(client, browser);
  const claims = tokens.claims();
  assert.equal(claims.aud, client.id);
  const who = await oidc.fetchUserInfo(config, tokens.access_token, claims.sub);
  assert.equal(who.preferred_username, client.scope.includes('profile') ? username : undefined);
  const again = await oidc.refreshTokenGrant(config, tokens.refresh_token);
  assert.equal(again.claims().sub, claims.sub);
  // Signed in, and nobody is asked.
  const more = { prompt: client.id === 'wiki' ? 'none' : 'consent' };
  const second = await flow({ ...client, more }, browser);
  assert.notEqual(second.tokens.claims().sid, claims.sid);
  // A sign-in anew is a newer one.
  await new Promise((resolve) => setTimeout(resolve, 1100));
  const { tokens: fresh } = await flow({ ...client, more: { max_age: '0' } }, browser);
  assert.ok(fresh.claims().auth_time > claims.auth_time);
  console.log(`openid-client, ${name}: ok`);
}

const insecure = { execute: [oidc.allowInsecureRequests] };

/** A program that acts for itself. */
async function forItself() {
  const config = await oidc.discovery(new URL(issuer), 'sync', undefined, oidc.ClientSecretBasic(secret), insecure);
  const tokens = await oidc.clientCredentialsGrant(config, { scope: 'files:read', resource: 'https://files.example' });
  assert.equal(tokens.scope, 'files:read');
  assert.equal(tokens.refresh_token, undefined);
  const said = await oidc.tokenIntrospection(config, tokens.access_token);
  assert.deepEqual([said.active, said.sub, said.aud], [true, 'sync', 'https://files.example']);
  await assert.rejects(oidc.fetchUserInfo(config, tokens.access_token, oidc.skipSubjectCheck));
  await oidc.tokenRevocation(config, tokens.access_token);
  assert.equal((await oidc.tokenIntrospection(config, tokens.access_token)).active, false);
  await assert.rejects(oidc.clientCredentialsGrant(config, { scope: 'openid' }), { error: 'invalid_scope' });
  console.log('openid-client, a client that acts for itself: ok');
}

/** A client that pushes its requests, signs who it is, and ends what it holds. */
async function pushedAndSigned() {
  const jwk = JSON.parse(process.env.COUNTERSIGN_TEST_KEY);
  const key = await crypto.subtle.importKey('jwk', jwk, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']);
  const settings = { id_token_signed_response_alg: 'RS256' };
  const config = await oidc.discovery(new URL(issuer), 'bank', settings, oidc.PrivateKeyJwt({ key, kid: jwk.kid }), insecure);
  const verifier = oidc.randomPKCECodeVerifier();
  const state = oidc.randomState();
  const parameters = {
    redirect_uri: 'http://127.0.0.1:9/bank',
    scope: 'openid',
    state,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  };
  const browser = new Browser();
  const unpushed = await browser.follow(oidc.buildAuthorizationUrl(config, parameters));
  assert.equal(unpushed.searchParams.get('error'), 'invalid_request');
  const url = await oidc.buildAuthorizationUrlWithPAR(config, parameters);
  assert.ok(url.searchParams.get('request_uri').startsWith('urn:ietf:params:oauth:request_uri:'));
  const arrived = await browser.follow(url);
  const tokens = await oidc.authorizationCodeGrant(config, arrived, { pkceCodeVerifier: verifier, expectedState: state, idTokenExpected: true });
  await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
  assert.equal((await oidc.tokenIntrospection(config, tokens.refresh_token)).active, true);
  await oidc.tokenRevocation(config, tokens.refresh_token);
  assert.equal((await oidc.tokenIntrospection(config, tokens.access_token)).active, false);
  await assert.rejects(oidc.refreshTokenGrant(config, tokens.refresh_token), { error: 'invalid_grant' });
  console.log('openid-client, pushed requests and signed assertions: ok');
}

await forItself();
await pushedAndSigned();

// A refusal reaches the application, with the state and the issuer that the library checks.
const browser = new Browser();
const config = await oidc.discovery(new URL(issuer), 'mobile', undefined, oidc.None(), { execute: [oidc.allowInsecureRequests] });
const state = oidc.randomState();
const verifier = oidc.randomPKCECodeVerifier();
const url = oidc.buildAuthorizationUrl(config, { redirect_uri: 'http://127.0.0.1:1/callback', scope: 'openid', state, code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' });
const arrived = await browser.follow(url, 'deny');
await assert.rejects(oidc.authorizationCodeGrant(config, arrived, { pkceCodeVerifier: verifier, expectedState: state }), { error: 'access_denied' });
console.log('openid-client, a refusal: ok');
