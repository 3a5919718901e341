// One verifier, two front ends: the debugger page and `countersign token verify` agree on every token.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { BROWSERS, holds } from './browsers.mjs';
import { binary, DEMO, startWorld } from './server.mjs';

const EXAMPLES = new URL('../../crates/countersign-jwt/tests/data/rfc_examples.json', import.meta.url);
const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'priv'];

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
  function fromCommandLine({ token, key, algorithm, issuer, audience, type, scope, role }) {
    const keyFile = join(folder, 'key');
    writeFileSync(keyFile, key, { mode: 0o600 });
    const options = { '--alg': algorithm, '--issuer': issuer, '--audience': audience, '--type': type, '--scope': scope, '--role': role };
    const args = Object.entries(options).flatMap(([name, value]) => (value ? [name, value] : []));
    const run = spawnSync(binary(), ['token', 'verify', '--json', '--key', keyFile, ...args, '-'], {
      input: token,
      cwd: folder,
      env: { PATH: process.env.PATH, HOME: folder },
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
      const { token, key, algorithm = '', issuer = '', audience = '', type = '', scope = '', role = '' } = question;
      for (const [id, value] of Object.entries({ key, algorithm, issuer, audience, type, scope, role, token })) {
        const field = document.querySelector(`#${id}`);
        field.value = value;
        field.dispatchEvent(new Event('input'));
      }
      const checks = [...document.querySelectorAll('#verdict [data-rule]')].map((item) => [item.dataset.rule, item.className]);
      return { checks, code: document.querySelector('#verdict .error code')?.textContent ?? null };
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
