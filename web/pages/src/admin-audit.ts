// The audit log, newest events first: filter it, page back, follow it.

import { idOf, nameOf } from './account-names.ts';
import { emptyState, setViewParameters, table, viewParameters, type View } from './admin-parts.ts';
import { api } from './api.ts';
import { element, fill } from './dom.ts';
import { exactTimeElement, timeElement, words } from './format.ts';
import { act, actionButton } from './shell.ts';
import { AUDIT_KINDS, type AuditEvent } from './wire.ts';

interface AuditPage {
  readonly events: AuditEvent[];
  /** The `after` or the `before` of the next page. */
  readonly next?: number | string;
  /** Looking back: the `after` of what comes from now on. */
  readonly newer?: string;
}

const PAGE = 50;
const FOLLOW_EVERY_MS = 2_000;

export const auditView: View = (root) => {
  const parameters = viewParameters();
  const rows = element('tbody');
  const event = element(
    'select',
    { id: 'event' },
    element('option', { value: '' }, 'All events'),
    ...AUDIT_KINDS.map((name) => element('option', { value: name }, words(name))),
  );
  event.value = parameters.get('event') ?? '';
  const user = element('input', { id: 'account', type: 'search', autocomplete: 'off', spellcheck: 'false', autocapitalize: 'none', placeholder: 'Username or ID', value: parameters.get('user') ?? '' });
  const follow = element('input', { id: 'follow', type: 'checkbox', checked: true });
  const older = actionButton('Show older', showOlder, 'quiet');
  const log = table('Audit log', ['When', 'Event', 'User', 'By', 'Address', 'Detail'], rows);
  const empty = element('div', { role: 'status' });
  let accountId: string | undefined;
  // With which to ask for newer events; null for those of nobody.
  let newer: string | null = null;
  let oldest: number | null = null;
  let turn = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stopped = false;

  function ask(place: Record<string, string>): Promise<AuditPage> {
    const query = new URLSearchParams({ limit: String(PAGE), ...place });
    if (event.value) query.set('event', event.value);
    if (accountId !== undefined) query.set('account', accountId);
    return api('GET', `/api/admin/audit?${query.toString()}`);
  }

  function sorted(events: readonly AuditEvent[]): AuditEvent[] {
    return [...events].sort((a, b) => b.sequence - a.sequence);
  }

  async function load(): Promise<void> {
    const mine = ++turn;
    const name = user.value.trim();
    setViewParameters('audit', { event: event.value, user: name });
    accountId = name === '' ? undefined : await idOf(name);
    const isUnknown = name !== '' && accountId === undefined;
    const page: AuditPage = isUnknown ? { events: [] } : await ask({ before: String(Number.MAX_SAFE_INTEGER) });
    // A slow response to an earlier filter must not replace the result of a later one.
    if (mine !== turn) return;
    fill(rows, ...sorted(page.events).map(row));
    newer = page.newer ?? null;
    setOldest(page.next);
    showEmpty(isUnknown ? `There is no user ${name}.` : 'Nothing of this kind is in the log.');
  }

  function showEmpty(text: string): void {
    const isEmpty = rows.childElementCount === 0;
    log.hidden = isEmpty;
    fill(empty, isEmpty && emptyState('No events', text, actionButton('Show all events', clear)));
  }

  async function clear(): Promise<void> {
    event.value = '';
    user.value = '';
    await load();
  }

  async function showOlder(): Promise<void> {
    if (oldest === null) return;
    const { events, next } = await ask({ before: String(oldest) });
    rows.append(...sorted(events).map(row));
    setOldest(next);
  }

  function setOldest(next: number | string | undefined): void {
    oldest = next === undefined ? null : Number(next);
    older.hidden = oldest === null;
  }

  /** Fetches newer events while the page is visible. */
  async function tick(): Promise<void> {
    if (follow.checked && document.visibilityState === 'visible' && newer !== null) {
      const mine = turn;
      const { events, next } = await ask({ after: newer }).catch((): AuditPage => ({ events: [] }));
      if (mine === turn && next !== undefined) newer = String(next);
      if (mine === turn && events.length > 0) {
        rows.prepend(...sorted(events).map(row));
        showEmpty('');
      }
    }
    if (!stopped) timer = setTimeout(() => void tick(), FOLLOW_EVERY_MS);
  }

  event.addEventListener('change', () => void act(null, load));
  user.addEventListener('change', () => void act(null, load));
  fill(
    root,
    element('h1', {}, 'Audit'),
    element(
      'div',
      { class: 'row filters' },
      element('div', {}, element('label', { for: 'event' }, 'Event'), event),
      element('div', {}, element('label', { for: 'account' }, 'User'), user),
      element('div', { class: 'check' }, follow, element('label', { for: 'follow' }, 'Follow')),
    ),
    log,
    empty,
    older,
  );
  older.hidden = true;
  void act(null, load).then(tick);
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
};

const BAD = /failed|throttled|suspected|reuse|deleted|disabled|exported|restored/;
const GOOD = /succeeded|enabled|created|healed/;

function row(entry: AuditEvent): HTMLElement {
  const kind = BAD.test(entry.event) ? ' bad' : GOOD.test(entry.event) ? ' good' : '';
  return element(
    'tr',
    {},
    element('td', { class: 'when' }, timeElement(entry.at), element('p', { class: 'muted' }, exactTimeElement(entry.at))),
    element('th', { scope: 'row' }, element('span', { class: `badge${kind}` }, words(entry.event))),
    cell('User', entry.accountId && account(entry.accountId)),
    cell('By', actor(entry)),
    cell('Address', entry.address),
    cell('Detail', entry.detail, 'muted wide'),
  );
}

/** A phone leaves out the cells that have nothing to say. */
function cell(label: string, content: Node | string | null | undefined, kind = ''): HTMLElement {
  return element('td', { 'data-label': label, class: content ? kind : 'none' }, content || '—');
}

const ACTORS: Record<string, string> = { anonymous: 'a visitor', command_line: 'command line', system: 'the server' };

function actor(entry: AuditEvent): Node | string {
  if (entry.actor !== 'account') return element('span', { class: 'muted' }, ACTORS[entry.actor] ?? words(entry.actor));
  if (entry.actorId === undefined || entry.actorId === entry.accountId) return element('span', { class: 'muted' }, 'the user');
  return account(entry.actorId);
}

/** The name of an account, with a link to its events; until it is known, and for a deleted account, its ID. */
function account(id: string): HTMLElement {
  const link = element('a', { href: `#audit?user=${encodeURIComponent(id)}`, title: id }, element('code', {}, `${id.slice(0, 8)}…`));
  void nameOf(id).then(
    (name) => {
      if (name === undefined) link.append(element('span', { class: 'muted' }, ' (deleted)'));
      else fill(link, name);
    },
    // The ID stays.
    () => undefined,
  );
  return link;
}
