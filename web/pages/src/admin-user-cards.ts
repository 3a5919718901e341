// The cards of a user's page that change something: name, role and claims, password, and what takes the account away.

import { card, placeOf } from './admin-parts.ts';
import { api, isCode, isMine, messageOf } from './api.ts';
import { element, fill } from './dom.ts';
import { openForm } from './form-dialog.ts';
import { isMeant } from './roles.ts';
import { actionButton, clearMessage, confirmed, notify, signOut } from './shell.ts';
import { passwordHint } from './site.ts';
import { forgetEdits, isEdited, keepsEdits } from './unsaved.ts';
import type { Account } from './wire.ts';
import { t } from './words.ts';

/** What the cards of a user work on. */
export interface UserPage {
  readonly account: Account;
  /** Of this user in the API. */
  readonly path: string;
  /** Shows the user again after a change, with `text` as the message. */
  readonly changed: (text: string) => Promise<void>;
  /** As `changed`, after all their sessions have ended; whoever did it to their own account is signed out. */
  readonly ended: (text: string) => Promise<void>;
}

/** Name, role and claims, which go into the next access token. */
export function accessCard({ account, path, changed }: UserPage): HTMLElement {
  const claimsText = JSON.stringify(account.claims, null, 2);
  const username = element('input', { id: 'username', name: 'username', value: account.username, required: true, autocomplete: 'off', spellcheck: 'false', autocapitalize: 'none' });
  const role = element('input', { id: 'role', name: 'role', list: 'roles', value: account.role, required: true, autocomplete: 'off', spellcheck: 'false', autocapitalize: 'none' });
  const claims = element('textarea', { id: 'claims', name: 'claims', class: 'code', rows: Math.min(12, claimsText.split('\n').length + 1), spellcheck: 'false', autocapitalize: 'none', autocomplete: 'off' }, claimsText);
  const error = element('div', { role: 'alert' });
  const save = element('button', { class: 'primary' }, t('Save'));
  const form = element(
    'form',
    { class: 'stack' },
    element('label', { for: 'username' }, t('Username')),
    username,
    element('label', { for: 'role' }, t('Role')),
    role,
    element('label', { for: 'claims' }, t('Claims (JSON)')),
    claims,
    element('p', { class: 'muted' }, t('They go into the next access token, within minutes. Nobody is signed out; from now on this user signs in with the new name.')),
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
    clearMessage();
    if (!isEdited(form)) {
      notify(t('Nothing has changed.'));
      return;
    }
    save.setAttribute('aria-busy', 'true');
    // What a failure is about.
    let field: HTMLElement | undefined = claims;
    try {
      const name = username.value.trim();
      const change = { ...(name !== account.username && { username: name }), role: role.value.trim(), claims: parseClaims(claims.value) };
      field = role;
      if (change.role !== account.role && !(await mayHave(account, change.role))) return;
      field = undefined;
      await api('PATCH', path, change);
      form.dataset['saved'] = '';
      await changed(t('{name} is saved.', { name }));
    } catch (cause) {
      if (isCode(cause, 'username_taken') || isCode(cause, 'username_looks_alike')) field = username;
      if (field) field.after(error);
      else save.before(error);
      fill(error, element('p', { class: 'notice error' }, messageOf(cause)));
      (field ?? save).focus();
    } finally {
      save.removeAttribute('aria-busy');
    }
  }
  return card(t('Name, role and claims'), form);
}

/** Whether the role is meant, and whoever gives up their own says so. */
async function mayHave({ userId, role }: Account, wanted: string): Promise<boolean> {
  if (!(await isMeant(wanted))) return false;
  if (!isMine(userId) || role !== 'admin') return true;
  return confirmed(t('Give up the role admin? This is your own account: these pages close for you within minutes.'), t('Give up'));
}

export function parseClaims(text: string): object {
  let claims: unknown;
  try {
    claims = JSON.parse(text.trim() || '{}');
  } catch (error) {
    throw new Error(t('The claims are not JSON: {why}', { why: messageOf(error) }));
  }
  if (typeof claims !== 'object' || claims === null || Array.isArray(claims)) throw new Error(t('The claims must be a JSON object.'));
  return claims;
}

export function passwordCard({ account, path, changed, ended }: UserPage): HTMLElement {
  const name = account.username;

  function setPassword(): Promise<void> {
    openForm({
      title: t('New password for {name}', { name }),
      submit: t('Set password'),
      fields: [{ name: 'password', label: t('New password'), type: 'password', autocomplete: 'new-password', required: true, hint: passwordHint }],
      save: async (values) => {
        await api('POST', `${path}/password`, values);
        await ended(t('{name} has a new password. Their sessions have ended.', { name }));
      },
    });
    return Promise.resolve();
  }

  async function requireChange(): Promise<void> {
    const passwordChangeRequired = !account.passwordChangeRequired;
    const whose = isMine(account.userId) ? t('This is your own account: you are signed out at once.') : t('All their sessions end.');
    const question = `${t('Require {name} to choose a new password?', { name })} ${whose} ${t('Anyone who knows the current password can choose the new one: if it may be stolen, set another one too.')}`;
    if (passwordChangeRequired && !(await confirmed(question, t('Require')))) return;
    await api('PATCH', path, { passwordChangeRequired });
    if (passwordChangeRequired) await ended(t('{name} must choose a new password at the next sign-in.', { name }));
    else await changed(t('{name} may keep their password.', { name }));
  }

  const state = !account.hasPassword
    ? t('There is no password here yet: set one, so that they can sign in with it.') + (account.passwordChangeRequired ? ` ${t('They must choose another one then.')}` : '')
    : account.passwordChangeRequired
      ? t('They must choose a new password at the next sign-in.')
      : t('A password that you set ends all their sessions.');
  return card(
    t('Password'),
    element('p', { class: 'muted' }, state),
    element(
      'div',
      { class: 'row' },
      actionButton(t('Set password'), setPassword, account.hasPassword ? '' : 'primary'),
      (account.hasPassword || account.passwordChangeRequired) && actionButton(account.passwordChangeRequired ? t('Waive the new password') : t('Require a new password'), requireChange, 'quiet'),
    ),
  );
}

export function dangerCard({ account, path, changed, ended }: UserPage): HTMLElement {
  const name = account.username;
  const own = isMine(account.userId);

  async function toggle(): Promise<void> {
    const effect = own
      ? t('This is your own account: you are signed out at once, and cannot sign in until another administrator enables it.')
      : t('They are signed out everywhere at once, and cannot sign in until the account is enabled.');
    if (!account.disabled && !(await confirmed(`${t('Disable {name}?', { name })} ${effect}`, t('Disable')))) return;
    await api('PATCH', path, { disabled: !account.disabled });
    if (account.disabled) await changed(t('{name} is enabled.', { name }));
    else await ended(t('{name} is disabled.', { name }));
  }

  async function remove(): Promise<void> {
    const effect = own ? t('This is your own account: you are signed out at once, and it is gone.') : t('They are signed out everywhere at once, and their account is gone.');
    if (!(await confirmed(`${t('Delete {name}?', { name })} ${effect} ${t('This cannot be undone.')}`, t('Delete')))) return;
    await api('DELETE', path);
    forgetEdits();
    if (own) {
      await signOut();
      return;
    }
    // A change of the view takes the messages away.
    addEventListener('hashchange', () => notify(t('{name} is deleted.', { name })), { once: true });
    location.hash = placeOf('users');
  }

  const line = (text: string, button: HTMLElement): HTMLElement => element('div', { class: 'row spread' }, element('p', { class: 'muted grow' }, text), button);
  return card(
    t('Danger'),
    account.disabled
      ? line(t('Enabling lets them sign in again.'), actionButton(t('Enable'), toggle))
      : line(t('Disabling signs them out everywhere at once. They may not sign in until the account is enabled.'), actionButton(t('Disable'), toggle, 'danger')),
    line(t('Deleting takes the account away for good. What it did stays in the audit log.'), actionButton(t('Delete'), remove, 'danger')),
  );
}
