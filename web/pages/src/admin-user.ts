// One user: role and claims, last sign-in, password, sessions, disable, delete.

import { api, messageOf } from './api.ts';
import { element, fill } from './dom.ts';
import { openForm } from './form-dialog.ts';
import { timeElement } from './format.ts';
import { sessionList } from './session-list.ts';
import { act, actionButton, confirmed, notify } from './shell.ts';
import { passwordHint } from './site.ts';
import type { Account, AuditEvent, Session } from './wire.ts';

export function editUser(account: Account, reload: () => Promise<void>): HTMLDialogElement {
  const path = `/api/admin/users/${encodeURIComponent(account.userId)}`;
  const sessions = element('div', { 'aria-live': 'polite' });
  const lastSignIn = element('span', {}, '…');
  const dialog = openForm({
    title: account.username,
    state: stateOf(account),
    submit: 'Save',
    fields: [
      { name: 'role', label: 'Role', value: account.role, autocomplete: 'off', required: true },
      { name: 'claims', label: 'Claims (JSON)', type: 'json', value: JSON.stringify(account.claims, null, 2), autocomplete: 'off' },
    ],
    extra: element(
      'div',
      { class: 'stack' },
      element('h3', {}, 'Account'),
      element('p', { class: 'muted' }, 'Created ', timeElement(account.createdAt), ' · last sign-in ', lastSignIn),
      element('p', { class: 'muted' }, 'ID ', element('code', {}, account.userId), ' · ', element('a', { href: `#audit?user=${encodeURIComponent(account.username)}`, onclick: () => dialog.close() }, 'Events of this user')),
      element(
        'div',
        { class: 'row' },
        actionButton('Set password', () => Promise.resolve(setPassword()), 'quiet'),
        actionButton(account.passwordChangeRequired ? 'Waive the new password' : 'Require a new password', requireChange, 'quiet'),
        actionButton(account.disabled ? 'Enable' : 'Disable', toggle, 'quiet'),
        actionButton('End all sessions', endSessions, 'quiet'),
        actionButton('Delete', remove, 'danger'),
      ),
      element('h3', {}, 'Sessions'),
      sessions,
    ),
    save: async ({ role, claims }) => {
      refuseMisspeltAdmin(role ?? '');
      await api('PATCH', path, { role, claims: parseClaims(claims ?? '') });
      notify(`${account.username} is saved.`);
      await reload();
    },
  });

  /** Closes the dialog after an action; the page behind it shows the message and the new state. */
  async function done(text: string): Promise<void> {
    dialog.close();
    notify(text);
    await reload();
  }

  function setPassword(): void {
    openForm({
      title: `New password for ${account.username}`,
      submit: 'Set password',
      fields: [{ name: 'password', label: 'New password', type: 'password', autocomplete: 'new-password', required: true, hint: passwordHint }],
      save: async (values) => {
        await api('POST', `${path}/password`, values);
        await done(`${account.username} has a new password. Their sessions have ended.`);
      },
    });
  }

  async function toggle(): Promise<void> {
    const verb = account.disabled ? 'Enable' : 'Disable';
    if (!(await confirmed(`${verb} ${account.username}?`, verb))) return;
    await change(() => api('PATCH', path, { disabled: !account.disabled }), `${account.username} is ${account.disabled ? 'enabled' : 'disabled'}.`);
  }

  async function requireChange(): Promise<void> {
    const passwordChangeRequired = !account.passwordChangeRequired;
    const question = `Require ${account.username} to choose a new password? All their sessions end. Anyone who knows the current password can choose the new one: if it may be stolen, set another one too.`;
    if (passwordChangeRequired && !(await confirmed(question, 'Require'))) return;
    const text = passwordChangeRequired ? `${account.username} must choose a new password at the next sign-in.` : `${account.username} may keep their password.`;
    await change(() => api('PATCH', path, { passwordChangeRequired }), text);
  }

  async function endSessions(): Promise<void> {
    await change(() => api('DELETE', `${path}/sessions`), `All sessions of ${account.username} have ended.`);
  }

  async function remove(): Promise<void> {
    if (!(await confirmed(`Delete ${account.username} and all their sessions? This cannot be undone.`, 'Delete'))) return;
    await change(() => api('DELETE', path), `${account.username} is deleted.`);
  }

  /** Shows a refusal in the dialog, because the dialog covers the page's messages. */
  async function change(work: () => Promise<unknown>, text: string): Promise<void> {
    try {
      await work();
    } catch (error) {
      const alert = dialog.querySelector('[role=alert]');
      if (alert) fill(alert, element('p', { class: 'notice error' }, messageOf(error)));
      return;
    }
    await done(text);
  }

  void act(null, async () => {
    const found = await api<{ sessions: Session[] }>('GET', `${path}/sessions`);
    fill(sessions, sessionList(found.sessions));
  });
  void act(null, async () => {
    const query = new URLSearchParams({ account: account.userId, event: 'login_succeeded', before: String(Number.MAX_SAFE_INTEGER), limit: '1' });
    const { events } = await api<{ events: AuditEvent[] }>('GET', `/api/admin/audit?${query.toString()}`);
    fill(lastSignIn, events[0] ? timeElement(events[0].at) : 'none in the audit log');
  });
  return dialog;
}

/** Whether they may sign in, as a badge. */
export function stateOf({ disabled, passwordChangeRequired }: Account): HTMLElement {
  if (disabled) return element('span', { class: 'badge bad' }, 'disabled');
  if (passwordChangeRequired) return element('span', { class: 'badge warn' }, 'must change password');
  return element('span', { class: 'badge good' }, 'active');
}

/** Roles are compared as they are spelt: `Admin` would have no rights, and nobody would notice. */
export function refuseMisspeltAdmin(role: string): void {
  if (role !== 'admin' && role.toLowerCase() === 'admin') throw new Error(`The role ${role} has no rights: write admin.`);
}

function parseClaims(text: string): object {
  let claims: unknown;
  try {
    claims = JSON.parse(text.trim() || '{}');
  } catch (error) {
    throw new Error(`The claims are not JSON: ${messageOf(error)}`);
  }
  if (typeof claims !== 'object' || claims === null || Array.isArray(claims)) throw new Error('The claims must be a JSON object.');
  return claims;
}
