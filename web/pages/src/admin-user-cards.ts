// The cards of a user's page that change something: name, role and claims, password, and what takes the account away.

import { card, placeOf } from './admin-parts.ts';
import { api, messageOf } from './api.ts';
import { element, fill } from './dom.ts';
import { openForm } from './form-dialog.ts';
import { isMeant } from './roles.ts';
import { actionButton, confirmed, notify } from './shell.ts';
import { passwordHint } from './site.ts';
import { keepsEdits } from './unsaved.ts';
import type { Account } from './wire.ts';

/** What the cards of a user work on. */
export interface UserPage {
  readonly account: Account;
  /** Of this user in the API. */
  readonly path: string;
  /** Shows the user again after a change, with `text` as the message. */
  readonly changed: (text: string) => Promise<void>;
}

/** Name, role and claims, which go into the next access token. */
export function accessCard({ account, path, changed }: UserPage): HTMLElement {
  const claimsText = JSON.stringify(account.claims, null, 2);
  const username = element('input', { id: 'username', name: 'username', value: account.username, required: true, autocomplete: 'off', spellcheck: 'false', autocapitalize: 'none' });
  const role = element('input', { id: 'role', name: 'role', list: 'roles', value: account.role, required: true, autocomplete: 'off', spellcheck: 'false', autocapitalize: 'none' });
  const claims = element('textarea', { id: 'claims', name: 'claims', class: 'code', rows: Math.min(12, claimsText.split('\n').length + 1), spellcheck: 'false', autocapitalize: 'none', autocomplete: 'off' }, claimsText);
  const error = element('div', { role: 'alert' });
  const save = element('button', { class: 'primary' }, 'Save');
  const form = element(
    'form',
    { class: 'stack' },
    element('label', { for: 'username' }, 'Username'),
    username,
    element('label', { for: 'role' }, 'Role'),
    role,
    element('label', { for: 'claims' }, 'Claims (JSON)'),
    claims,
    element('p', { class: 'muted' }, 'All three are in the next access token, within minutes. Nobody is signed out; from now on they sign in with the new name.'),
    error,
    element('div', { class: 'row end' }, save),
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (save.getAttribute('aria-busy') !== 'true') void submitted();
  });
  keepsEdits(form);

  async function submitted(): Promise<void> {
    fill(error);
    save.setAttribute('aria-busy', 'true');
    try {
      const name = username.value.trim();
      const change = { ...(name !== account.username && { username: name }), role: role.value.trim(), claims: parseClaims(claims.value) };
      if (change.role !== account.role && !(await isMeant(change.role))) return;
      await api('PATCH', path, change);
      form.dataset['saved'] = '';
      await changed(`${name} is saved.`);
    } catch (cause) {
      fill(error, element('p', { class: 'notice error' }, messageOf(cause)));
    } finally {
      save.removeAttribute('aria-busy');
    }
  }
  return card('Name, role and claims', form);
}

export function parseClaims(text: string): object {
  let claims: unknown;
  try {
    claims = JSON.parse(text.trim() || '{}');
  } catch (error) {
    throw new Error(`The claims are not JSON: ${messageOf(error)}`);
  }
  if (typeof claims !== 'object' || claims === null || Array.isArray(claims)) throw new Error('The claims must be a JSON object.');
  return claims;
}

export function passwordCard({ account, path, changed }: UserPage): HTMLElement {
  const name = account.username;

  function setPassword(): Promise<void> {
    openForm({
      title: `New password for ${name}`,
      submit: 'Set password',
      fields: [{ name: 'password', label: 'New password', type: 'password', autocomplete: 'new-password', required: true, hint: passwordHint }],
      save: async (values) => {
        await api('POST', `${path}/password`, values);
        await changed(`${name} has a new password. Their sessions have ended.`);
      },
    });
    return Promise.resolve();
  }

  async function requireChange(): Promise<void> {
    const passwordChangeRequired = !account.passwordChangeRequired;
    const question = `Require ${name} to choose a new password? All their sessions end. Anyone who knows the current password can choose the new one: if it may be stolen, set another one too.`;
    if (passwordChangeRequired && !(await confirmed(question, 'Require'))) return;
    await api('PATCH', path, { passwordChangeRequired });
    await changed(passwordChangeRequired ? `${name} must choose a new password at the next sign-in.` : `${name} may keep their password.`);
  }

  const state = !account.hasPassword
    ? 'There is no password here yet: set one, so that they can sign in with it.'
    : account.passwordChangeRequired
      ? 'They must choose a new password at the next sign-in.'
      : 'A password that you set ends all their sessions.';
  return card(
    'Password',
    element('p', { class: 'muted' }, state),
    element(
      'div',
      { class: 'row' },
      actionButton('Set password', setPassword, account.hasPassword ? '' : 'primary'),
      account.hasPassword && actionButton(account.passwordChangeRequired ? 'Waive the new password' : 'Require a new password', requireChange, 'quiet'),
    ),
  );
}

export function dangerCard({ account, path, changed }: UserPage): HTMLElement {
  const name = account.username;

  async function toggle(): Promise<void> {
    if (!account.disabled && !(await confirmed(`Disable ${name}? They are signed out everywhere at once, and cannot sign in until the account is enabled.`, 'Disable'))) return;
    await api('PATCH', path, { disabled: !account.disabled });
    await changed(`${name} is ${account.disabled ? 'enabled' : 'disabled'}.`);
  }

  async function remove(): Promise<void> {
    if (!(await confirmed(`Delete ${name}? They are signed out everywhere at once, and their account is gone. This cannot be undone.`, 'Delete'))) return;
    await api('DELETE', path);
    // A change of the view takes the messages away.
    addEventListener('hashchange', () => notify(`${name} is deleted.`), { once: true });
    location.hash = placeOf('users');
  }

  const line = (text: string, button: HTMLElement): HTMLElement => element('div', { class: 'row spread' }, element('p', { class: 'muted grow' }, text), button);
  return card(
    'Danger',
    account.disabled
      ? line('Enabling lets them sign in again.', actionButton('Enable', toggle))
      : line('Disabling signs them out everywhere at once. They may not sign in until the account is enabled.', actionButton('Disable', toggle, 'danger')),
    line('Deleting takes the account away for good. What it did stays in the audit log.', actionButton('Delete', remove, 'danger')),
  );
}
