// Signing keys: list and rotate them.

import { replacing, table, type View } from './admin-parts.ts';
import { api } from './api.ts';
import { pathOf } from './base.ts';
import { copyFrom, element, fill } from './dom.ts';
import { dateElement, timeElement } from './format.ts';
import { act, actionButton, confirmed, notify } from './shell.ts';
import type { Key } from './wire.ts';

export const keysView: View = (root) => {
  const rows = element('tbody');
  const list = table('Keys', ['Key ID', 'Algorithm', 'State', 'Created', 'Signs from'], rows);

  async function load(): Promise<void> {
    const { keys } = await api<{ keys: Key[] }>('GET', '/api/admin/keys');
    fill(rows, ...keys.map(row));
  }

  async function rotate(): Promise<void> {
    const question = 'Create a new signing key? It is published first, and signs once every verifier can have fetched it.';
    if (!(await confirmed(question, 'Create key', 'primary'))) return;
    const before = rows.childElementCount;
    await api('POST', '/api/admin/keys/rotate');
    await load();
    const isNew = rows.childElementCount > before;
    notify(isNew ? 'A new key is published.' : 'Nothing to do: the next key is published already, and signs soon.');
  }

  fill(
    root,
    element('div', { class: 'row spread' }, element('h1', {}, 'Keys'), actionButton('New key…', rotate, 'primary')),
    element('p', { class: 'muted' }, 'One key signs, and the server replaces it from time to time. The next one is published first, so that every service knows it before it signs. The public keys are at ', element('a', { href: pathOf('.well-known/jwks.json') }, pathOf('.well-known/jwks.json')), '.'),
    list,
  );
  void act(null, () => replacing(list, load));
  return () => {};
};

function row(key: Key): HTMLElement {
  const copy = element('button', { type: 'button', class: 'quiet small', 'aria-label': `Copy the key ID ${key.kid}`, onclick: () => void copyFrom(copy, key.kid) }, 'Copy');
  return element(
    'tr',
    {},
    element('th', { scope: 'row' }, element('div', { class: 'row key-id' }, element('code', {}, key.kid), copy)),
    element('td', { 'data-label': 'Algorithm' }, key.alg),
    element('td', { 'data-label': 'State', class: 'wide' }, state(key)),
    element('td', { 'data-label': 'Created' }, dateElement(key.createdAt)),
    element('td', { 'data-label': 'Signs from' }, key.activeFrom ? dateElement(key.activeFrom) : '—'),
  );
}

function state({ state, activeFrom }: Key): HTMLElement {
  if (state === 'active') return element('span', { class: 'badge good' }, 'signing now');
  if (state === 'next') return element('span', { class: 'badge' }, 'published, signs ', timeElement(activeFrom));
  return element('span', { class: 'badge', title: 'Until the last token that it signed has expired.' }, 'verifying only');
}
