// Users: search, page, create; a dialog edits one of them.

import { table, type View } from './admin-parts.ts';
import { editUser } from './admin-user.ts';
import { api } from './api.ts';
import { element, fill } from './dom.ts';
import { timeElement } from './format.ts';
import { openForm } from './form-dialog.ts';
import { act, actionButton, notify } from './shell.ts';
import type { Account } from './wire.ts';

const PAGE = 25;
const TYPING_PAUSE_MS = 200;

export const usersView: View = (root) => {
  const rows = element('tbody');
  const more = actionButton('Show more', () => load(next), 'quiet');
  const empty = element('p', { class: 'muted', role: 'status' });
  const search = element('input', { type: 'search', id: 'search', autocomplete: 'off', spellcheck: 'false', placeholder: 'Username' });
  let next: string | null = null;
  let asked = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  /** Appends the page that follows the username `after`; `null` replaces the rows by the first page. */
  async function load(after: string | null): Promise<void> {
    const turn = ++asked;
    const query = new URLSearchParams({ limit: String(PAGE), ...(search.value && { search: search.value }), ...(after !== null && { after }) });
    const page = await api<{ users: Account[]; next: string | null }>('GET', `/api/admin/users?${query.toString()}`);
    // A slow response to an earlier search must not replace the result of a later one.
    if (turn !== asked) return;
    if (after === null) fill(rows);
    rows.append(...page.users.map(row));
    next = page.next ?? null;
    more.hidden = next === null;
    empty.textContent = rows.children.length === 0 ? 'No user matches.' : '';
  }

  const reload = (): Promise<void> => load(null);

  function row(account: Account): HTMLElement {
    const open = element('button', { type: 'button', class: 'link', onclick: () => editUser(account, reload) }, account.username);
    return element(
      'tr',
      {},
      element('th', { scope: 'row' }, open),
      element('td', {}, element('span', { class: 'badge' }, account.role)),
      element('td', {}, state(account)),
      element('td', {}, timeElement(account.createdAt)),
    );
  }

  search.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(() => void act(null, reload), TYPING_PAUSE_MS);
  });
  fill(
    root,
    element(
      'div',
      { class: 'row spread' },
      element('h1', {}, 'Users'),
      element('button', { type: 'button', class: 'primary', onclick: () => createUser(reload) }, 'New user'),
    ),
    element('label', { for: 'search' }, 'Search'),
    search,
    table('Users', ['Username', 'Role', 'State', 'Created'], rows),
    empty,
    more,
  );
  more.hidden = true;
  void act(null, reload);
  return () => clearTimeout(timer);
};

function state({ disabled, passwordChangeRequired }: Account): HTMLElement | string {
  if (disabled) return element('span', { class: 'badge bad' }, 'disabled');
  return passwordChangeRequired ? element('span', { class: 'badge' }, 'must change password') : 'active';
}

function createUser(reload: () => Promise<void>): void {
  openForm({
    title: 'New user',
    submit: 'Create',
    fields: [
      { name: 'username', label: 'Username', autocomplete: 'off', required: true },
      { name: 'password', label: 'Password', type: 'password', autocomplete: 'new-password', required: true },
      { name: 'role', label: 'Role', value: 'user', autocomplete: 'off', required: true },
      { name: 'change', label: 'Must choose a new password at first sign-in', type: 'check', autocomplete: 'off' },
    ],
    save: async ({ change, ...values }) => {
      await api('POST', '/api/admin/users', { ...values, passwordChangeRequired: change !== undefined });
      notify(`User ${values['username'] ?? ''} is created.`);
      await reload();
    },
  });
}
