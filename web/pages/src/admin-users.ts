// Users: search, filter, sort, page, create; a dialog edits one of them.

import { emptyState, setViewParameters, table, viewParameters, type View } from './admin-parts.ts';
import { editUser, refuseMisspeltAdmin, stateOf } from './admin-user.ts';
import { api } from './api.ts';
import { element, fill } from './dom.ts';
import { openForm } from './form-dialog.ts';
import { timeElement } from './format.ts';
import { act, actionButton, notify } from './shell.ts';
import { passwordHint } from './site.ts';
import type { Account } from './wire.ts';

const PAGE = 100;
const TYPING_PAUSE_MS = 200;

export const usersView: View = (root) => {
  const rows = element('tbody');
  const more = actionButton('Show more', () => load(next), 'quiet');
  const list = table('Users', ['Username', 'Role', 'State', 'Created'], rows);
  const empty = element('div', { role: 'status' });
  const count = element('p', { class: 'muted', role: 'status' });
  const search = element('input', { type: 'search', id: 'search', autocomplete: 'off', spellcheck: 'false', autocapitalize: 'none', placeholder: 'Username', value: viewParameters().get('search') ?? '' });
  const role = element('input', { type: 'search', id: 'by-role', title: 'Role', list: 'roles', autocomplete: 'off', spellcheck: 'false', autocapitalize: 'none', placeholder: 'All', value: viewParameters().get('role') ?? '' });
  const disabled = choice('disabled', 'State', [['', 'All states'], ['false', 'May sign in'], ['true', 'Disabled']]);
  const order = choice('order', 'Order', [['', 'By name'], ['newest', 'Newest first']]);
  const choices = [role, disabled, order];
  let next: string | null = null;
  let asked = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  /** Appends the page that begins at `after`; `null` replaces the rows by the first page. */
  async function load(after: string | null): Promise<void> {
    const turn = ++asked;
    const wanted = { search: search.value, role: role.value, disabled: disabled.value, order: order.value };
    if (after === null) setViewParameters('users', wanted);
    const query = new URLSearchParams({ limit: String(PAGE), ...(after !== null && { after }) });
    for (const [name, value] of Object.entries(wanted)) if (value) query.set(name, value);
    const page = await api<{ users: Account[]; total: number; next: string | null }>('GET', `/api/admin/users?${query.toString()}`);
    // A slow response to an earlier search must not replace the result of a later one.
    if (turn !== asked) return;
    if (after === null) fill(rows);
    rows.append(...page.users.map(row));
    next = page.next ?? null;
    more.hidden = next === null;
    const shown = rows.childElementCount;
    list.hidden = shown === 0;
    count.textContent = shown === 0 ? '' : shown < page.total ? `${shown} of ${page.total} users` : `${shown} ${shown === 1 ? 'user' : 'users'}`;
    fill(empty, shown === 0 && emptyState('No user matches.', 'Names are searched from their beginning.', actionButton('Show all users', clear)));
  }

  const reload = (): Promise<void> => load(null);

  async function clear(): Promise<void> {
    search.value = '';
    for (const filter of [role, disabled]) filter.value = '';
    await reload();
    search.focus();
  }

  /** The dialog of a user. Afterwards the focus is on the row again, which may be a new one by then. */
  function open(account: Account): void {
    editUser(account, reload).addEventListener('close', () => {
      void act(null, reload).then(() => {
        const button = [...rows.querySelectorAll<HTMLButtonElement>('.link')].find(({ textContent }) => textContent === account.username);
        if (!document.querySelector('dialog[open]')) (button ?? search).focus();
      });
    });
  }

  function row(account: Account): HTMLElement {
    const name = element('button', { type: 'button', class: 'link', onclick: () => open(account) }, account.username);
    return element(
      'tr',
      // The whole row can be clicked; the keyboard has the button.
      { class: 'clickable', onclick: (event) => void (event.target !== name && open(account)) },
      element('th', { scope: 'row' }, name),
      element('td', { 'data-label': 'Role' }, element('span', { class: account.role === 'admin' ? 'badge accent' : 'badge' }, account.role)),
      element('td', { 'data-label': 'State' }, stateOf(account)),
      element('td', { 'data-label': 'Created' }, timeElement(account.createdAt)),
    );
  }

  for (const filter of choices) filter.addEventListener('change', () => void act(null, reload));
  search.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(() => void act(null, reload), TYPING_PAUSE_MS);
  });
  const keys = (event: KeyboardEvent): void => move(event, search, rows);
  root.addEventListener('keydown', keys);
  document.addEventListener('keydown', slash);
  fill(
    root,
    element(
      'div',
      { class: 'row spread' },
      element('h1', {}, 'Users'),
      element('button', { type: 'button', class: 'primary', onclick: () => createUser(reload) }, 'New user'),
    ),
    element(
      'div',
      { class: 'row filters' },
      element('div', {}, element('label', { for: 'search' }, 'Search'), search),
      ...choices.map((filter) => element('div', {}, element('label', { for: filter.id }, filter.title), filter)),
      element('datalist', { id: 'roles' }, element('option', { value: 'admin' }), element('option', { value: 'user' })),
      count,
    ),
    list,
    empty,
    more,
  );
  more.hidden = true;
  void act(null, reload);
  return () => {
    clearTimeout(timer);
    document.removeEventListener('keydown', slash);
  };
};

/** A choice that is kept in the page's address. */
function choice(name: string, title: string, options: [string, string][]): HTMLSelectElement {
  const select = element('select', { id: `by-${name}`, title }, ...options.map(([value, text]) => element('option', { value }, text)));
  select.value = viewParameters().get(name) ?? '';
  return select;
}

/** `/` goes to the search from anywhere on the page. */
function slash(event: KeyboardEvent): void {
  const isTyping = event.target instanceof HTMLElement && event.target.matches('input, textarea, select');
  if (event.key !== '/' || isTyping || document.querySelector('dialog[open]')) return;
  event.preventDefault();
  document.getElementById('search')?.focus();
}

/** The arrow keys go from the search to the names and along them. */
function move(event: KeyboardEvent, search: HTMLElement, rows: HTMLElement): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const stops = [search, ...rows.querySelectorAll<HTMLElement>('.link')];
  const place = stops.indexOf(event.target as HTMLElement);
  if (step === undefined || place < 0) return;
  event.preventDefault();
  stops[place + step]?.focus();
}

function createUser(reload: () => Promise<void>): void {
  openForm({
    title: 'New user',
    submit: 'Create',
    fields: [
      { name: 'username', label: 'Username', autocomplete: 'off', required: true },
      { name: 'password', label: 'Password', type: 'password', autocomplete: 'new-password', required: true, hint: passwordHint },
      { name: 'role', label: 'Role', value: 'user', autocomplete: 'off', required: true },
      { name: 'change', label: 'Must choose a new password at first sign-in', type: 'check', autocomplete: 'off' },
    ],
    save: async ({ change, ...values }) => {
      refuseMisspeltAdmin(values['role'] ?? '');
      await api('POST', '/api/admin/users', { ...values, passwordChangeRequired: change !== undefined });
      notify(`User ${values['username'] ?? ''} is created.`);
      await reload();
    },
  });
}
