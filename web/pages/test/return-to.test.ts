import assert from 'node:assert/strict';
import { test } from 'node:test';
import { returnTo } from '../src/return-to.ts';

const ORIGIN = 'https://id.example';
const goes = (target: string): string => returnTo(`?${new URLSearchParams({ return_to: target })}`, ORIGIN, '/account');

test('a_path_of_this_origin_is_followed', () => {
  for (const path of ['/', '/admin', '/admin#keys', '/a/b?c=d&e=%2F#f', '/%2f%2fevil.example', '/@evil.example', '/:80']) {
    assert.equal(goes(path), path);
  }
});

test('everything_else_goes_to_the_account_page (CS-8)', () => {
  const hostile = [
    '//evil.example',
    '///evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/\t/evil.example',
    '/\n/evil.example',
    '\t//evil.example',
    ' //evil.example',
    '/.//evil.example',
    '/..//evil.example',
    '/%2e//evil.example',
    '/x/..//evil.example',
    'https:evil.example',
    'https://evil.example/',
    'https://id.example/account',
    'http:/account',
    'javascript:alert(1)',
    'data:text/html,x',
    'evil.example',
    '?x',
    '#x',
    '',
    '/\u3002evil',
    '/\u0000',
    '/login',
    '/login?return_to=/login',
  ];
  for (const target of hostile) assert.equal(goes(target), '/account', JSON.stringify(target));
  assert.equal(returnTo('', ORIGIN, '/account'), '/account');
});

test('whatever_comes_out_lies_on_this_origin', () => {
  const pieces = ['/', '\\', '.', '..', '%2f', '%5c', '%2e', ':', '@', 'evil.example', 'https:', '\t', '?', '#', 'a'];
  for (const a of pieces) for (const b of pieces) for (const c of pieces) for (const d of pieces) {
    const target = goes(`/${a}${b}${c}${d}`);
    assert.equal(new URL(target, ORIGIN).origin, ORIGIN, JSON.stringify(target));
    assert.ok(!target.startsWith('//'), JSON.stringify(target));
  }
});
