// Signing keys: list and rotate them.

import { table, type View } from './admin-parts.ts';
import { api } from './api.ts';
import { pathOf } from './base.ts';
import { element, fill } from './dom.ts';
import { timeElement } from './format.ts';
import { act, actionButton, confirmed, notify } from './shell.ts';
import type { Key } from './wire.ts';

const MEANING: Record<string, string> = {
  next: 'published, not signing yet',
  active: 'signs',
  retired: 'verifies until its last token has expired',
};

export const keysView: View = (root) => {
  const rows = element('tbody');

  async function load(): Promise<void> {
    const { keys } = await api<{ keys: Key[] }>('GET', '/api/admin/keys');
    fill(rows, ...keys.map(row));
  }

  async function rotate(): Promise<void> {
    const question = 'Create a new signing key? It is published first, and signs once every verifier can have fetched it.';
    if (!(await confirmed(question, 'Create key'))) return;
    const before = rows.childElementCount;
    await api('POST', '/api/admin/keys/rotate');
    await load();
    const isNew = rows.childElementCount > before;
    notify(isNew ? 'A new key is published.' : 'Nothing to do: the next key is published already, and signs soon.');
  }

  fill(
    root,
    element('div', { class: 'row spread' }, element('h1', {}, 'Keys'), actionButton('Rotate', rotate, 'primary')),
    element('p', { class: 'muted' }, 'One key signs, and the server replaces it from time to time. The next one is published first, so that every service knows it before it signs. The public keys are at ', element('a', { href: pathOf('.well-known/jwks.json') }, pathOf('.well-known/jwks.json')), '.'),
    table('Keys', ['Key ID', 'Algorithm', 'State', 'Created', 'Signs from'], rows),
  );
  void act(null, load);
  return () => {};
};

function row(key: Key): HTMLElement {
  return element(
    'tr',
    {},
    element('th', { scope: 'row' }, element('code', {}, key.kid)),
    element('td', { 'data-label': 'Algorithm' }, key.alg),
    element('td', { 'data-label': 'State' }, element('span', { class: key.state === 'active' ? 'badge good' : 'badge' }, key.state), ' ', element('span', { class: 'muted' }, MEANING[key.state] ?? '')),
    element('td', { 'data-label': 'Created' }, timeElement(key.createdAt)),
    element('td', { 'data-label': 'Signs from' }, key.activeFrom ? timeElement(key.activeFrom) : '—'),
  );
}
