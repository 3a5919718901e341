// Signing keys: list and rotate them.

import { replacing, table, type View } from './admin-parts.ts';
import { api } from './api.ts';
import { pathOf } from './base.ts';
import { copyFrom, element, fill } from './dom.ts';
import { dateElement, timeElement } from './format.ts';
import { act, actionButton, confirmed, notify } from './shell.ts';
import type { Key } from './wire.ts';
import { t } from './words.ts';

export const keysView: View = (root) => {
  const rows = element('tbody');
  const list = table(t('Keys'), [t('Key ID'), t('Algorithm'), t('State'), t('Created'), t('Signs from')], rows);

  async function load(): Promise<void> {
    const { keys } = await api<{ keys: Key[] }>('GET', '/api/admin/keys');
    fill(rows, ...keys.map(row));
  }

  async function rotate(): Promise<void> {
    const question = t('Create a new signing key? It is published first, and signs once every verifier can have fetched it.');
    if (!(await confirmed(question, t('Create key'), 'primary'))) return;
    const before = rows.childElementCount;
    await api('POST', '/api/admin/keys/rotate');
    await load();
    const isNew = rows.childElementCount > before;
    notify(isNew ? t('A new key is published.') : t('Nothing to do: the next key is published already, and signs soon.'));
  }

  fill(
    root,
    element('div', { class: 'row spread' }, element('h1', {}, t('Keys')), actionButton(t('New key…'), rotate, 'primary')),
    element('p', { class: 'muted' }, t('One key signs, and the server replaces it from time to time. The next one is published first, so that every service knows it before it signs. The public keys:'), ' ', element('a', { href: pathOf('.well-known/jwks.json') }, pathOf('.well-known/jwks.json'))),
    list,
  );
  void act(null, () => replacing(list, load));
  return () => {};
};

function row(key: Key): HTMLElement {
  const copy = element('button', { type: 'button', class: 'quiet small', 'aria-label': t('Copy the key ID {kid}', { kid: key.kid }), onclick: () => void copyFrom(copy, key.kid) }, t('Copy'));
  return element(
    'tr',
    {},
    element('th', { scope: 'row' }, element('div', { class: 'row key-id' }, element('code', {}, key.kid), copy)),
    element('td', { 'data-label': t('Algorithm') }, key.alg),
    element('td', { 'data-label': t('State'), class: 'wide' }, state(key)),
    element('td', { 'data-label': t('Created') }, dateElement(key.createdAt)),
    element('td', { 'data-label': t('Signs from') }, key.activeFrom ? dateElement(key.activeFrom) : '—'),
  );
}

function state({ state, activeFrom }: Key): HTMLElement {
  if (state === 'active') return element('span', { class: 'badge good' }, t('signing now'));
  if (state === 'next') return element('span', { class: 'badge' }, `${t('published, signs')} `, timeElement(activeFrom));
  return element('span', { class: 'badge', title: t('Until the last token that it signed has expired.') }, t('verifying only'));
}
