// Every word of the scripts is used, and every language has the same values in it. That none is missing is a matter of types.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { dictionary as admin, errors } from '../src/de-admin.ts';
import { dictionary as docs } from '../src/de-docs.ts';
import { dictionary as shared } from '../src/de.ts';
import { textsOf, untranslated } from '../texts.mjs';

// Tests run in the package's folder.
const sources = readdirSync('src').filter((name) => name.endsWith('.ts') && !/^de\b/.test(name));
const dictionary = { ...admin, ...docs };
const code = sources.map((name) => readFileSync(`src/${name}`, 'utf8')).join('\n');

test('no translation is left over', () => {
  for (const text of Object.keys(dictionary)) assert.ok(code.includes(`'${text}'`), text);
});

test('a translation has the values of its text', () => {
  const values = (text: string): string[] => (text.match(/\{\w+\}/g) ?? []).sort();
  for (const [text, said] of Object.entries(dictionary)) assert.deepEqual(values(said), values(text), text);
});

test('an error is translated by a code that the API or the client has', () => {
  const table = readFileSync('../../crates/countersign/src/http/openapi/errors.json', 'utf8');
  const ours = readFileSync('../client/src/errors.ts', 'utf8') + readFileSync('../client/src/passkeys/types.ts', 'utf8');
  for (const code of Object.keys(errors)) assert.ok(table.includes(`"${code}"`) || ours.includes(`'${code}'`), code);
});

test('what only the admin page or the page about the API says is on no other page', () => {
  const ofAdmin = (name: string): boolean => /^(admin|audit|overview)/.test(name) || ['account-names.ts', 'chart.ts', 'roles.ts'].includes(name);
  const others = sources.filter((name) => !ofAdmin(name) && !['docs.ts', 'openapi.ts'].includes(name));
  const said = new Set(others.flatMap((name) => textsOf(readFileSync(`src/${name}`, 'utf8'))));
  for (const text of said) assert.ok(text in shared, text);
});

test('a text that is not translated is found', () => {
  const found = (source: string): string[] => untranslated(source);
  assert.deepEqual(found("openForm({ title: 'Invite somebody', submit: t('Send'), fields: [] });"), ['Invite somebody']);
  assert.deepEqual(found("element('p', { class: 'muted' }, 'no addresses yet')"), ['no addresses yet']);
  assert.deepEqual(found('notify(`${name} is invited.`);'), ['{} is invited.']);
  assert.deepEqual(found("notify(`User ${name}`, false);"), ['User {}']);
  for (const fine of [
    "element('button', { type: 'button', class: 'quiet small' }, t('Copy'))",
    "plural(count, '{n} User', '{n} Users')",
    'element(`div`, { class: `badge very ${kind}` })',
    "throw new Error('the form is not complete'); // Not for people",
    "/** 'Quoted' in a comment. */",
    "element('code', {}, 'countersign doctor')",
    "if (event.key === 'ArrowDown') go(`/api/users/${id}`);",
  ]) assert.deepEqual(found(fine), [], fine);
});
