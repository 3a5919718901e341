// API keys: the list, and the dialogs that make one and show it, once. For the account page and the admin page.

import { api } from './api.ts';
import { copyFrom, element, fill } from './dom.ts';
import { openForm, type Field } from './form-dialog.ts';
import { dateElement, timeElement } from './format.ts';
import { act, actionButton, confirmed, notify } from './shell.ts';
import type { ApiKey } from './wire.ts';

const DAY_MS = 86_400_000;

/** The keys at `path`, in `root`; `ownersPassword`: making one asks for it. Gives the button that makes one. */
export function keyList(root: HTMLElement, path: string, ownersPassword: boolean): HTMLButtonElement {
  async function show(): Promise<void> {
    const { keys } = await api<{ keys: ApiKey[] }>('GET', path);
    fill(root, keys.length === 0 ? element('p', { class: 'muted' }, 'No keys.') : element('ul', { class: 'list' }, ...keys.map((key) => item(key, revoke))));
  }

  async function revoke(key: ApiKey): Promise<void> {
    if (!(await confirmed(`Revoke the key ${key.name}? Programs that use it are refused at once. This cannot be undone.`, 'Revoke'))) return;
    await api('DELETE', `${path}/${encodeURIComponent(key.id)}`);
    notify(`The key ${key.name} is revoked.`);
    await show();
    // The button that had the focus is gone.
    root.focus();
  }

  function make(): Promise<void> {
    openForm({
      title: 'New API key',
      submit: 'Make the key',
      fields: fields(ownersPassword),
      save: async (values) => {
        const { secret } = await api<{ secret: string }>('POST', path, request(values));
        showSecret(secret);
        await show();
      },
    });
    return Promise.resolve();
  }

  void act(null, show);
  return actionButton('New API key', make, 'quiet');
}

function fields(ownersPassword: boolean): Field[] {
  return [
    { name: 'name', label: 'Name', autocomplete: 'off', required: true, hint: 'Which program uses it: letters, digits, dots, hyphens, underscores.' },
    { name: 'scope', label: 'Scopes', autocomplete: 'off', hint: 'What it is limited to, with spaces between them. Empty: everything that the account may do.' },
    { name: 'audience', label: 'Audience', autocomplete: 'off', hint: 'The service that its tokens are for. Empty: the default one.' },
    { name: 'days', label: 'Expires after days', autocomplete: 'off', value: '90', hint: 'Empty: it works until it is revoked.' },
    ...(ownersPassword ? [{ name: 'currentPassword', label: 'Current password', type: 'password', autocomplete: 'current-password', required: true } as const] : []),
  ];
}

/** What is left empty is not said. */
function request({ days = '', ...values }: Record<string, string>): object {
  const said = Object.entries(values).filter(([, value]) => value !== '');
  if (days.trim() === '') return Object.fromEntries(said);
  if (!/^[1-9]\d{0,4}$/.test(days.trim())) throw new Error('The days must be a whole number, 1 at least.');
  return { ...Object.fromEntries(said), expiresAt: new Date(Date.now() + Number(days) * DAY_MS).toISOString() };
}

function showSecret(secret: string): void {
  const copy: HTMLButtonElement = element('button', { type: 'button', 'aria-label': 'Copy the key', onclick: () => void copyFrom(copy, secret) }, 'Copy');
  const dialog = element(
    'dialog',
    { 'aria-labelledby': 'secret-title', onclose: () => dialog.remove() },
    element(
      'form',
      { method: 'dialog', class: 'stack' },
      element('h2', { id: 'secret-title' }, 'The new key'),
      element('p', {}, 'Copy it now: it is never shown again. Whoever has it acts for this account.'),
      element('pre', { tabindex: 0, 'aria-label': 'The key' }, secret),
      element('div', { class: 'row end' }, copy, element('button', { class: 'primary' }, 'Done')),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
}

function item(key: ApiKey, revoke: (key: ApiKey) => Promise<void>): HTMLElement {
  const button = key.live && actionButton('Revoke', () => revoke(key), 'quiet');
  if (button) button.setAttribute('aria-label', `Revoke ${key.name}`);
  const part = (...content: (Node | string)[]): HTMLElement => element('span', { class: 'part' }, ...content);
  return element(
    'li',
    {},
    element(
      'div',
      { class: 'grow' },
      element('strong', { title: key.id }, key.name),
      ' ',
      !key.live && element('span', { class: 'badge' }, key.revokedAt ? 'revoked' : 'expired'),
      element(
        'p',
        { class: 'muted' },
        key.audience !== null && part('for ', key.audience),
        key.scope !== '' && part(key.scope),
        key.lastUsedAt ? part('used ', timeElement(key.lastUsedAt)) : part('never used'),
        key.revokedAt ? part('revoked ', timeElement(key.revokedAt)) : key.expiresAt && part(key.live ? 'until ' : 'expired ', dateElement(key.expiresAt)),
      ),
    ),
    button,
  );
}
