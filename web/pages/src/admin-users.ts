// Users: search, filter, sort, page, create; each has a page of their own.

import { CountersignError } from '@countersign/client';
import { selection } from './admin-bulk.ts';
import { invitations } from './admin-invitations.ts';
import { emptyState, replacing, setViewParameters, table, viewParameters, type View } from './admin-parts.ts';
import { addressOf, stateOf } from './admin-user.ts';
import { parseClaims } from './admin-user-cards.ts';
import { api, messageOf } from './api.ts';
import { element, fill } from './dom.ts';
import { type Field, openForm } from './form-dialog.ts';
import { timeElement } from './format.ts';
import { isMeant, suggestRoles } from './roles.ts';
import { act, actionButton, notify } from './shell.ts';
import { canInvite, passwordHint } from './site.ts';
import type { Account } from './wire.ts';
import { plural, t } from './words.ts';

const PAGE = 100;
const TYPING_PAUSE_MS = 200;

export const usersView: View = (root, from) => {
  const rows = element('tbody');
  const more = actionButton(t('Show more'), () => load(next), 'quiet');
  const empty = element('div', { role: 'status' });
  const count = element('p', { class: 'muted', role: 'status' });
  const search = element('input', { type: 'search', id: 'search', autocomplete: 'off', spellcheck: 'false', autocapitalize: 'none', placeholder: t('Part of a name'), value: viewParameters().get('search') ?? '' });
  const role = element('input', { type: 'search', id: 'by-role', title: t('Role'), list: 'roles', autocomplete: 'off', spellcheck: 'false', autocapitalize: 'none', placeholder: t('Exact role'), value: viewParameters().get('role') ?? '' });
  const state = choice('state', t('State'), [['', t('All states')], ['enabled', t('May sign in')], ['disabled', t('Disabled')], ['no-password', t('No password')]]);
  const order = choice('order', t('Order'), [['', t('By name')], ['newest', t('Newest first')]]);
  const choices = [role, state, order];
  const title = element('h1', { tabindex: -1 }, t('Users'));
  // What had the focus is gone.
  const selected = selection(rows, () => reload().then(() => title.focus({ preventScroll: true })));
  const headings = [heading(t('Username'), '', 'ascending'), element('th', { scope: 'col' }, t('Role')), element('th', { scope: 'col' }, t('State')), heading(t('Created'), 'newest', 'descending')];
  headings[0]?.prepend(selected.all);
  const list = table(t('Users'), headings, rows, 'users');
  const invited = canInvite ? invitations() : undefined;
  let next: string | null = null;
  let asked = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  /** Appends the page that begins at `after`; `null` replaces the rows by the first page. */
  async function load(after: string | null): Promise<void> {
    const turn = ++asked;
    const wanted = { search: search.value, role: role.value, order: order.value };
    if (after === null) setViewParameters('users', { ...wanted, state: state.value });
    for (const heading of headings) heading.ariaSort = heading.dataset['order'] === order.value ? (heading.dataset['sort'] ?? null) : null;
    const query = new URLSearchParams({ limit: String(PAGE), ...STATES[state.value], ...(after !== null && { after }) });
    for (const [name, value] of Object.entries(wanted)) if (value) query.set(name, value);
    const page = await api<{ users: Account[]; total: number; next: string | null }>('GET', `/api/admin/users?${query.toString()}`);
    // A slow response to an earlier search must not replace the result of a later one.
    if (turn !== asked) return;
    if (after === null) fill(rows);
    rows.append(...page.users.map(row));
    selected.update();
    suggestRoles(page.users.map((user) => user.role));
    next = page.next ?? null;
    more.hidden = next === null;
    const shown = rows.childElementCount;
    list.hidden = shown === 0;
    count.textContent = shown === 0 ? '' : shown < page.total ? t('{shown} of {total} users', { shown, total: page.total }) : plural(shown, '{n} user', '{n} users');
    fill(empty, shown === 0 && emptyState(t('No user matches.'), hint(), actionButton(t('Show all users'), clear)));
  }

  const reload = (): Promise<void> => replacing(list, () => load(null).catch(refuse));

  /** A filter that the server refuses, such as a role that can be nobody's, has no rows. */
  function refuse(error: unknown): void {
    if (!(error instanceof CountersignError && error.status === 422)) throw error;
    fill(rows);
    selected.update();
    list.hidden = more.hidden = true;
    count.textContent = '';
    fill(empty, emptyState(t('No user matches.'), messageOf(error), actionButton(t('Show all users'), clear)));
  }

  function hint(): string {
    if (role.value !== '' && search.value === '' && state.value === '') return t('No user has exactly the role {role}. Write the whole role.', { role: role.value });
    return t('Check the spelling, or remove a filter.');
  }

  /** A heading that sorts by its column. */
  function heading(name: string, by: string, sort: string): HTMLElement {
    const sorts = element('button', { type: 'button', class: 'sort', onclick: () => void act(null, () => ((order.value = by), reload())) }, name);
    return element('th', { scope: 'col', 'data-order': by, 'data-sort': sort }, sorts);
  }

  async function clear(): Promise<void> {
    search.value = '';
    for (const filter of [role, state]) filter.value = '';
    await reload();
    search.focus();
  }

  function row(account: Account): HTMLElement {
    const box = selected.box(account);
    const name = element('a', { class: 'link', href: addressOf(account.userId) }, account.username);
    return element(
      'tr',
      // The whole row can be clicked; the keyboard has the link.
      { class: 'clickable', onclick: ({ target }) => void (target !== name && target !== box && name.click()) },
      element('th', { scope: 'row' }, box, name),
      element('td', { 'data-label': t('Role') }, element('span', { class: account.role === 'admin' ? 'badge accent' : 'badge' }, account.role)),
      element('td', { 'data-label': t('State') }, stateOf(account)),
      element('td', { 'data-label': t('Created') }, timeElement(account.createdAt)),
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
      title,
      element(
        'div',
        { class: 'row' },
        element('button', { type: 'button', title: t('An account for a program: nobody signs in, and API keys act for it.'), onclick: () => createService(reload) }, t('New service account')),
        invited?.button,
        element('button', { type: 'button', class: 'primary', onclick: () => createUser(reload) }, t('New user')),
      ),
    ),
    element(
      'div',
      { class: 'row filters' },
      element('div', {}, element('label', { for: 'search' }, t('Search')), search),
      ...choices.map((filter) => element('div', { class: filter === order && 'order' }, element('label', { for: filter.id }, filter.title), filter)),
      count,
    ),
    invited?.list,
    selected.bar,
    list,
    empty,
    more,
  );
  more.hidden = true;
  suggestRoles([]);
  // Whoever comes back from a user's page goes on from their row.
  // Whose row is gone was deleted.
  const rowOf = (): HTMLElement | null => rows.querySelector<HTMLElement>(`a[href="${CSS.escape(from)}"]`);
  void act(null, reload).then(() => from.startsWith('#users/') && (rowOf() ?? title).focus());
  return () => {
    clearTimeout(timer);
    document.removeEventListener('keydown', slash);
  };
};

/** What each choice of a state asks the API for. */
const STATES: Record<string, Record<string, string>> = {
  enabled: { disabled: 'false', hasPassword: 'true' },
  disabled: { disabled: 'true' },
  'no-password': { disabled: 'false', hasPassword: 'false' },
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
    title: t('New user'),
    submit: t('Create'),
    fields: [
      { name: 'username', label: t('Username'), autocomplete: 'off', required: true },
      { name: 'password', label: t('Password'), type: 'password', autocomplete: 'new-password', required: true, hint: passwordHint },
      ...RIGHTS,
      { name: 'change', label: t('Must choose a new password at first sign-in'), type: 'check', autocomplete: 'off' },
    ],
    save: ({ change, ...values }) => create(reload, values, { passwordChangeRequired: change !== undefined }),
  });
}

/** Its keys are made on its page. */
function createService(reload: () => Promise<void>): void {
  openForm({
    title: t('New service account'),
    submit: t('Create'),
    fields: [{ name: 'username', label: t('Name'), autocomplete: 'off', required: true, hint: t('For a program: nobody can sign in, and API keys act for it.') }, ...RIGHTS],
    save: (values) => create(reload, values, { service: true }),
  });
}

const RIGHTS: readonly Field[] = [
  { name: 'role', label: t('Role'), value: 'user', autocomplete: 'off', required: true, list: 'roles' },
  { name: 'claims', label: t('Claims (JSON)'), type: 'json', autocomplete: 'off', hint: t('They go into every access token. Leave it empty for none.') },
];

async function create(reload: () => Promise<void>, { claims = '', ...values }: Record<string, string>, more: object): Promise<boolean> {
  const all = { ...values, claims: parseClaims(claims), ...more };
  if (!(await isMeant(values['role'] ?? ''))) return false;
  const { user } = await api<{ user: Account }>('POST', '/api/admin/users', all);
  notify(t('User {name} is created.', { name: user.username }), false, element('a', { href: addressOf(user.userId) }, t('Open')));
  await reload();
  return true;
}
