import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { decode, decodeText, encode, encodeText } from '../src/base64url.ts';
import { claimRows, type JsonObject } from '../src/claims.ts';
import { compact, pretty } from '../src/json-text.ts';
import { ALGORITHMS, makeKey, sign } from '../src/make-token.ts';
import { tokenIn } from '../src/token-text.ts';
import { verify } from '../src/verifier.ts';

const NOW = new Date('2026-11-23T12:00:00Z');

test('base64url_there_and_back', () => {
  for (const text of ['', 'a', 'ab', 'abc', '{"é":"\u{1f600}"}']) assert.equal(decodeText(encodeText(text)), text);
  assert.equal(encode(new Uint8Array([251, 255])), '-_8');
  for (const bad of ['a', '+/', 'ab=', 'a b', 'é']) assert.equal(decode(bad), undefined, bad);
  assert.equal(decodeText('_w'), undefined, 'not UTF-8');
});

test('json_is_laid_out_without_changing_what_it_says', () => {
  const text = '{"big":12345678901234567890,"a":1,"a":2,"s":" { \\" } ","e":{},"l":[],"n":[1,{"x":null}]}';
  assert.equal(compact(pretty(text)), text);
  assert.equal(pretty('{"a":[1,2],"b":{}}'), '{\n  "a": [\n    1,\n    2\n  ],\n  "b": {}\n}');
  assert.equal(pretty('{"a":'), '{"a":');
});

test('claims_have_meanings_and_dates', () => {
  const rows = claimRows({ exp: 1795435200, x: { y: 1 }, sub: 'u', iat: 1795435200000 }, NOW);
  assert.match(rows[0]?.meaning ?? '', /^Expires: not valid from then on · .*2026/);
  assert.deepEqual(rows[1], { name: 'x', value: '{"y":1}', meaning: '' });
  assert.equal(rows[2]?.value, 'u');
  assert.match(rows[3]?.meaning ?? '', /milliseconds/);
});

test('a_token_is_found_in_its_surroundings', () => {
  const token = 'eyJh.eyJz.c2ln';
  for (const text of [
    token,
    `Bearer ${token}`,
    `Authorization: Bearer ${token}\r\n`,
    `-H "Authorization: Bearer ${token}"`,
    `"${token}",`,
    `'${token}';`,
    '  eyJh.ey\n  Jz.c2\r\nln\n',
  ]) {
    assert.equal(tokenIn(text), token, text);
  }
  assert.equal(tokenIn(' not a {token} '), 'not a {token}');
  assert.equal(tokenIn(' hello world '), 'hello world');
});

/** The list that the tests of countersign-jwt and of the command line read too. */
interface Warned {
  readonly header: JsonObject;
  readonly payload: JsonObject;
  readonly warnings: readonly string[];
}

test('the_page_gives_the_same_warnings_as_the_command_line', () => {
  const list = '../../crates/countersign-jwt/tests/data/warnings.json';
  const cases = JSON.parse(readFileSync(list, 'utf8')) as Warned[];
  assert.ok(cases.length > 15);
  const open = { key: '', secretIsBase64: false, algorithm: '', issuer: '', audience: '', type: '', scope: '', role: '', now: NOW.getTime() / 1000 };
  for (const { header, payload, warnings } of cases) {
    const token = `${encodeText(JSON.stringify(header))}.${encodeText(JSON.stringify(payload))}.AAAA`;
    assert.deepEqual(verify({ ...open, token }).warnings, warnings, JSON.stringify(header));
  }
});

for (const algorithm of ALGORITHMS) {
  test(`a_made_${algorithm}_key_signs_and_its_other_half_verifies`, async () => {
    const { signing, verifying } = await makeKey(algorithm);
    const signature = decode(await sign(algorithm, signing, 'a.b'));
    assert.ok(signature);
    if (algorithm === 'HS256') {
      assert.match(signing, /^[0-9a-f]{64}$/);
      assert.equal(signature.length, 32);
      return;
    }
    const jwk = JSON.parse(verifying) as JsonWebKey;
    assert.equal(jwk.d, undefined, 'the public half has no private member');
    assert.equal(jwk.alg, algorithm);
    const parameters = {
      ES256: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
      EdDSA: { name: 'Ed25519' },
      RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
    }[algorithm];
    const { alg: _alg, ...members } = jwk;
    const key = await crypto.subtle.importKey('jwk', members, parameters, false, ['verify']);
    assert.ok(await crypto.subtle.verify(parameters, key, signature, new TextEncoder().encode('a.b')));
  });
}

test('a_key_that_is_not_for_the_algorithm_is_refused_in_words', async () => {
  await assert.rejects(sign('HS256', 'short', 'x'), /at least 32 bytes/);
  await assert.rejects(sign('ES256', 'a secret', 'x'), /needs a private key/);
  const { signing, verifying } = await makeKey('EdDSA');
  await assert.rejects(sign('ES256', signing, 'x'), /not a private key for ES256/);
  await assert.rejects(sign('EdDSA', verifying, 'x'), /needs a private key/);
});
