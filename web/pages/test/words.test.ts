// Every word of the scripts is used, and every language has the same values in it. That none is missing is a matter of types.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { dictionary, errors } from '../src/de.ts';

// Tests run in the package's folder.
const sources = readdirSync('src').filter((name) => name.endsWith('.ts') && name !== 'de.ts');
const code = sources.map((name) => readFileSync(`src/${name}`, 'utf8')).join('\n');

test('no translation is left over', () => {
  for (const text of Object.keys(dictionary)) assert.ok(code.includes(`'${text}'`), text);
});

test('a translation has the values of its text', () => {
  const values = (text: string): string[] => (text.match(/\{\w+\}/g) ?? []).sort();
  for (const [text, said] of Object.entries(dictionary)) assert.deepEqual(values(said), values(text), text);
});

test('an error is translated by a code that the API has', () => {
  const table = readFileSync('../../crates/countersign/src/http/openapi/errors.json', 'utf8');
  for (const code of Object.keys(errors)) assert.ok(table.includes(`"${code}"`), code);
});
