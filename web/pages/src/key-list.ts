// API keys: the list, and the dialogs that make one and show it, once. For the account page and the admin page.

import { api } from './api.ts';
import { copyFrom, element, fill } from './dom.ts';
import { openForm, type Field } from './form-dialog.ts';
import { dateElement, timeElement } from './format.ts';
import { act, actionButton, confirmed, notify } from './shell.ts';
import { t } from './words.ts';
import type { ApiKey } from './wire.ts';

const DAY_MS = 86_400_000;

/** The keys at `path`, in `root`; `ownersPassword`: making one asks for it. Gives the button that makes one. */
export function keyList(root: HTMLElement, path: string, ownersPassword: boolean): HTMLButtonElement {
  async function show(): Promise<void> {
    const { keys } = await api<{ keys: ApiKey[] }>('GET', path);
    fill(root, keys.length === 0 ? element('p', { class: 'muted' }, t('No keys.')) : element('ul', { class: 'list' }, ...keys.map((key) => item(key, revoke))));
  }

  async function revoke(key: ApiKey): Promise<void> {
    if (!(await confirmed(t('Revoke the key {name}? Programs that use it are refused at once. This cannot be undone.', { name: key.name }), t('Revoke')))) return;
    await api('DELETE', `${path}/${encodeURIComponent(key.id)}`);
    notify(t('The key {name} is revoked.', { name: key.name }));
    await show();
    // The button that had the focus is gone.
    root.focus();
  }

  function make(): Promise<void> {
    openForm({
      title: t('New API key'),
      submit: t('Make the key'),
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
  return actionButton(t('New API key'), make, 'quiet');
}

function fields(ownersPassword: boolean): Field[] {
  return [
    { name: 'name', label: t('Name'), autocomplete: 'off', required: true, hint: t('Which program uses it: letters, digits, dots, hyphens, underscores.') },
    { name: 'scope', label: t('Scopes'), autocomplete: 'off', hint: t('What it is limited to, with spaces between them. Empty: everything that the account may do.') },
    { name: 'audience', label: t('Audience'), autocomplete: 'off', hint: t('The service that its tokens are for. Empty: the default one.') },
    { name: 'days', label: t('Expires after days'), autocomplete: 'off', value: '90', hint: t('Empty: it works until it is revoked.') },
    ...(ownersPassword ? [{ name: 'currentPassword', label: t('Current password'), type: 'own-password', autocomplete: 'current-password', required: true } as const] : []),
  ];
}

/** What is left empty is not said. */
function request({ days = '', ...values }: Record<string, string>): object {
  const said = Object.entries(values).filter(([, value]) => value !== '');
  if (days.trim() === '') return Object.fromEntries(said);
  if (!/^[1-9]\d{0,4}$/.test(days.trim())) throw new Error(t('The days must be a whole number, 1 at least.'));
  return { ...Object.fromEntries(said), expiresAt: new Date(Date.now() + Number(days) * DAY_MS).toISOString() };
}

function showSecret(secret: string): void {
  const copy: HTMLButtonElement = element('button', { type: 'button', 'aria-label': t('Copy the key'), onclick: () => void copyFrom(copy, secret) }, t('Copy'));
  const dialog = element(
    'dialog',
    { 'aria-labelledby': 'secret-title', onclose: () => dialog.remove() },
    element(
      'form',
      { method: 'dialog', class: 'stack' },
      element('h2', { id: 'secret-title' }, t('The new key')),
      element('p', {}, t('Copy it now: it is never shown again. Whoever has it acts for this account.')),
      element('pre', { tabindex: 0, 'aria-label': t('The key') }, secret),
      element('div', { class: 'row end' }, copy, element('button', { class: 'primary' }, t('Done'))),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
}

function item(key: ApiKey, revoke: (key: ApiKey) => Promise<void>): HTMLElement {
  const button = key.live && actionButton(t('Revoke'), () => revoke(key), 'quiet');
  if (button) button.setAttribute('aria-label', t('Revoke {name}', { name: key.name }));
  const part = (...content: (Node | string)[]): HTMLElement => element('span', { class: 'part' }, ...content);
  return element(
    'li',
    {},
    element(
      'div',
      { class: 'grow' },
      element('strong', { title: key.id }, key.name),
      ' ',
      !key.live && element('span', { class: 'badge' }, t(key.revokedAt ? 'revoked' : 'expired')),
      element(
        'p',
        { class: 'muted' },
        key.audience !== null && part(`${t('for')} `, key.audience),
        key.scope !== '' && part(key.scope),
        key.lastUsedAt ? part(`${t('used')} `, timeElement(key.lastUsedAt)) : part(t('never used')),
        key.revokedAt ? part(`${t('revoked')} `, timeElement(key.revokedAt)) : key.expiresAt && part(`${t(key.live ? 'until' : 'expired')} `, dateElement(key.expiresAt)),
      ),
    ),
    button,
  );
}
