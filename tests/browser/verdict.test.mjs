// One verifier, two front ends: the debugger page and `countersign token verify` agree on every token.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { BROWSERS, holds } from './browsers.mjs';
import { binary, DEMO, startWorld } from './server.mjs';

const EXAMPLES = new URL('../../crates/countersign-jwt/tests/data/rfc_examples.json', import.meta.url);
const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'priv'];

const part = (json) => Buffer.from(JSON.stringify(json)).toString('base64url');

function signedBy(signature, header) {
  const now = Math.floor(Date.now() / 1000);
  const input = `${part(header)}.${part({ sub: 'user-1', iat: now, exp: now + 900 })}`;
  return `${input}.${signature(Buffer.from(input)).toString('base64url')}`;
}

const [{ launch }] = BROWSERS;
describe('verdicts of page and command line', () => {
  let world, browser, page, folder;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'countersign-verdict-'));
    world = await startWorld();
    browser = await launch();
    page = await browser.newPage();
    await page.goto(`${world.origin}/debugger`);
    await holds(page, () => document.querySelector('#secret').value !== '');
  });
  after(async () => {
    await browser?.close();
    await world?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Each rule with its outcome, and the code of the first that fails. */
  function fromCommandLine({ token, key = '', secret, algorithm, issuer, audience, type, scope, role }) {
    const keyFile = join(folder, 'key');
    writeFileSync(keyFile, key, { mode: 0o600 });
    const options = { '--alg': algorithm, '--issuer': issuer, '--audience': audience, '--type': type, '--scope': scope, '--role': role };
    const args = Object.entries(options).flatMap(([name, value]) => (value ? [name, value] : []));
    const run = spawnSync(binary(), ['token', 'verify', '--json', ...(secret ? ['--secret'] : ['--key', keyFile]), ...args, '-'], {
      input: token,
      cwd: folder,
      env: { PATH: process.env.PATH, HOME: folder, ...(secret && { JWT_SECRET: secret }) },
      encoding: 'utf8',
    });
    assert.notEqual(run.stdout, '', run.stderr);
    const { checks } = JSON.parse(run.stdout);
    return {
      checks: checks.map(({ rule, outcome }) => [rule, outcome === 'not_asked' ? 'not_checked' : outcome]),
      code: checks.find(({ outcome }) => outcome === 'failed')?.error ?? null,
    };
  }

  function fromPage(question) {
    return page.evaluate((question) => {
      const { token, secret, key = secret, algorithm = '', issuer = '', audience = '', type = '', scope = '', role = '' } = question;
      for (const [id, value] of Object.entries({ key, algorithm, issuer, audience, type, scope, role, token })) {
        const field = document.querySelector(`#${id}`);
        field.value = value;
        field.dispatchEvent(new Event('input'));
      }
      const checks = [...document.querySelectorAll('#verdict [data-rule]')].map((item) => [item.dataset.rule, item.className]);
      return { checks, code: document.querySelector('#verdict [data-code]')?.textContent ?? null };
    }, question);
  }

  async function agree(name, question) {
    const expected = fromCommandLine(question);
    assert.deepEqual(await fromPage(question), expected, name);
    return expected;
  }

  test('the examples of the RFCs, whole and altered', async () => {
    // The page knows ML-DSA, which the program is built without by default.
    const examples = JSON.parse(readFileSync(EXAMPLES, 'utf8')).filter(({ alg }) => !alg.startsWith('ML-DSA'));
    assert.ok(examples.length > 5);
    for (const { name, alg, jwk, token } of examples) {
      const members = Object.entries({ ...jwk, alg }).filter(([member]) => !PRIVATE.includes(member));
      const key = JSON.stringify(Object.fromEntries(members));
      const whole = await agree(name, { token, key });
      assert.deepEqual(whole.checks.find(([rule]) => rule === 'signature'), ['signature', 'passed'], name);
      const altered = token.slice(0, -10) + (token.at(-10) === 'A' ? 'B' : 'A') + token.slice(-9);
      assert.equal((await agree(`${name}, altered`, { token: altered, key })).code, 'bad_signature');
    }
  });

  test('keys as people have them: no alg, a certificate, a bare key, a private JWK, a short secret', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey;
    const jwk = (key, members) => ({ ...key.export({ format: 'jwk' }), ...members });
    const token = signedBy((input) => sign('sha256', input, privateKey), { alg: 'RS256', typ: 'JWT', kid: 'a' });
    // As Microsoft Entra publishes them: two keys, `kid` and `use`, no `alg`.
    const set = JSON.stringify({ keys: [jwk(other, { kid: 'b', use: 'sig' }), jwk(publicKey, { kid: 'a', use: 'sig' })] });
    const pem = publicKey.export({ format: 'pem', type: 'spki' });
    const keys = {
      set,
      pem,
      jwk: JSON.stringify(jwk(publicKey)),
      'private jwk': JSON.stringify(jwk(privateKey)),
      'bare key': pem.replace(/-----.*?-----|\s/g, ''),
    };
    for (const [name, key] of Object.entries(keys)) {
      const { checks, code } = await agree(name, { token, key });
      assert.equal(code, null, name);
      assert.deepEqual(checks.find(([rule]) => rule === 'signature'), ['signature', 'passed'], name);
    }
    assert.equal((await agree('another algorithm than the token', { token, key: set, algorithm: 'PS256' })).code, 'algorithm_mismatch');
    const certificate = readFileSync(new URL('certificate.pem', import.meta.url), 'utf8');
    assert.equal((await agree('the certificate of another key', { token, key: certificate })).code, 'bad_signature');
    assert.equal((await agree('a chain', { token, key: certificate + certificate })).code, 'bad_signature');

    const secret = 'your-256-bit-secret';
    const hmac = (input) => createHmac('sha256', secret).update(input).digest();
    const short = signedBy(hmac, { alg: 'HS256', typ: 'JWT' });
    assert.equal((await agree('a short secret', { token: short, secret })).code, null);
    assert.equal((await agree('another short secret', { token: short, secret: 'your-256-bit-secrets' })).code, 'bad_signature');
    assert.equal((await agree('a public key is no secret', { token: short, key: pem })).code, 'algorithm_mismatch');
  });

  test('a token of this server against every expectation, right and wrong', async () => {
    const { body } = await world.call('POST', '/api/login', { body: DEMO });
    const key = JSON.stringify((await world.call('GET', '/.well-known/jwks.json')).body);
    const token = body.accessToken;
    const right = { issuer: world.origin, audience: world.origin, type: 'at+jwt' };
    assert.equal((await agree('all right', { token, key, ...right })).code, null);
    assert.equal((await agree('nothing asked', { token, key })).code, null);
    for (const [name, code] of [['issuer', 'wrong_issuer'], ['audience', 'wrong_audience'], ['type', 'wrong_type']]) {
      assert.equal((await agree(`wrong ${name}`, { token, key, ...right, [name]: 'https://elsewhere.example' })).code, code);
    }
    assert.equal((await agree('its role', { token, key, ...right, role: 'admin' })).code, null);
    assert.equal((await agree('another role', { token, key, ...right, role: 'auditor' })).code, 'missing_role');
    assert.equal((await agree('a scope', { token, key, ...right, scope: 'read' })).code, 'missing_scope');
    const [header, payload, signature] = token.split('.');
    const none = Buffer.from('{"alg":"none"}').toString('base64url');
    const hs256 = Buffer.from('{"alg":"HS256"}').toString('base64url');
    const hostile = {
      empty: '.',
      'two parts': `${header}.${payload}`,
      'five parts': `${token}.a.b`,
      'alg none': `${none}.${payload}.`,
      'alg none with the signature': `${none}.${payload}.${signature}`,
      'another algorithm': `${hs256}.${payload}.${signature}`,
      padding: `${token}=`,
      'a character of another alphabet': `${header}.+${payload}.${signature}`,
      'another payload': `${header}.${Buffer.from('{"sub":"root","exp":9999999999}').toString('base64url')}.${signature}`,
      'a payload that is no JSON': `${header}.${Buffer.from('sub').toString('base64url')}.${signature}`,
      'double names': `${Buffer.from('{"alg":"ES256","alg":"ES256"}').toString('base64url')}.${payload}.${signature}`,
      crit: `${Buffer.from('{"alg":"ES256","crit":["b64"]}').toString('base64url')}.${payload}.${signature}`,
      'an unknown key': `${Buffer.from('{"alg":"ES256","kid":"x"}').toString('base64url')}.${payload}.${signature}`,
    };
    for (const [name, token] of Object.entries(hostile)) {
      assert.notEqual((await agree(name, { token, key, ...right })).code, null, name);
    }
    const { checks } = await agree('only the type', { token: hostile['another payload'], key, type: 'at+jwt' });
    assert.deepEqual(checks.find(([rule]) => rule === 'token_id'), ['token_id', 'failed']);
  });
});
