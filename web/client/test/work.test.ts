// The work before a mail: the hash against that of Node, and what is solved as the server checks it (`model/work.rs`).

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { sha256Of } from '../src/account/sha256.ts';
import { challengeIn, solve } from '../src/account/work.ts';

const hex = (words: Int32Array): string => [...words].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');

test('the hash is SHA-256, whatever the lengths', () => {
  for (let before = 0; before < 140; before++) {
    const hash = sha256Of('ab'.repeat(70).slice(0, before));
    for (const rest of ['', '0', '1234567', '9007199254740991']) {
      const expected = createHash('sha256').update('ab'.repeat(70).slice(0, before) + rest).digest('hex');
      assert.equal(hex(hash(rest)), expected, `${before} and ${rest}`);
    }
  }
});

test('a proof begins with the challenge, and its hash with the zero bits', async () => {
  for (const difficulty of [0, 1, 9, 14]) {
    const challenge = 'c'.repeat(42);
    const proof = await solve({ challenge, difficulty });
    assert.match(proof, /^c{42}\.\d+$/);
    const hash = createHash('sha256').update(proof).digest();
    assert.ok(Math.clz32(hash.readUInt32BE(0)) >= difficulty, `${difficulty}: ${proof}`);
  }
});

test('an error without a challenge has none', () => {
  assert.deepEqual(challengeIn({ challenge: 'x', difficulty: 14, code: 'proof_required' }), { challenge: 'x', difficulty: 14 });
  for (const body of [undefined, null, 'x', {}, { challenge: 'x' }, { challenge: 7, difficulty: 14 }]) assert.equal(challengeIn(body), undefined);
});
