import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onwards, returnTo } from '../src/return-to.ts';

const ORIGIN = 'https://id.example';
const pathOf = (name: string): string => `/${name}`;
const goes = (target: string): string | undefined => returnTo(`?${new URLSearchParams({ return_to: target })}`, ORIGIN, pathOf);

test('a_path_of_this_origin_is_followed', () => {
  for (const path of ['/', '/admin', '/admin#keys', '/a/b?c=d&e=%2F#f', '/%2f%2fevil.example', '/@evil.example', '/:80']) {
    assert.equal(goes(path), path);
  }
});

test('everything_else_is_no_place_to_go (CS-8)', () => {
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
  for (const target of hostile) assert.equal(goes(target), undefined, JSON.stringify(target));
  assert.equal(returnTo('', ORIGIN, pathOf), undefined);
});

test('an_address_on_another_origin_is_for_the_server_to_judge', () => {
  for (const target of ['https://app.example/a?b=c&d#e', 'http://evil.example', 'https://app.example/\\@evil.example']) {
    const path = goes(target) ?? '';
    assert.ok(path.startsWith('/login/return?to='), path);
    assert.equal(new URL(path, ORIGIN).searchParams.get('to'), target);
  }
});

test('the_pages_may_lie_under_a_path', () => {
  const below = (name: string): string => `/auth/${name}`;
  const from = (target: string): string | undefined => returnTo(`?${new URLSearchParams({ return_to: target })}`, ORIGIN, below);
  assert.equal(from('/auth/admin#keys'), '/auth/admin#keys');
  assert.equal(from('/app'), '/app');
  assert.equal(from('/auth/login'), undefined);
  assert.equal(from('//evil.example'), undefined);
  assert.equal(from('https://app.example/'), '/auth/login/return?to=https%3A%2F%2Fapp.example%2F');
});

test('whatever_comes_out_lies_on_this_origin', () => {
  const pieces = ['/', '\\', '.', '..', '%2f', '%5c', '%2e', ':', '@', 'evil.example', 'https:', '\t', '?', '#', 'a'];
  for (const a of pieces) for (const b of pieces) for (const c of pieces) for (const d of pieces) {
    const target = goes(`/${a}${b}${c}${d}`) ?? '/';
    assert.equal(new URL(target, ORIGIN).origin, ORIGIN, JSON.stringify(target));
    assert.ok(!target.startsWith('//'), JSON.stringify(target));
  }
});

test('the pages of signing in lead on to the same place, whatever it is: the one that leads there looks at it', () => {
  assert.equal(onwards(''), '');
  assert.equal(onwards('?reason=logout', 'password_reset'), '?reason=password_reset');
  assert.equal(onwards('?return_to=%2Fa%3Fb%3D1%23c&reason=logout'), '?return_to=%2Fa%3Fb%3D1%23c');
  assert.equal(onwards('?return_to=%2F%2Fevil.example', 'password_reset'), '?return_to=%2F%2Fevil.example&reason=password_reset');
});
