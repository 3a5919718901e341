// The audit log, newest events first: filter it, page back, follow it.

import { table, type View } from './admin-parts.ts';
import { api } from './api.ts';
import { element, fill } from './dom.ts';
import { timeElement, words } from './format.ts';
import { act, actionButton } from './shell.ts';
import { AUDIT_KINDS, type AuditEvent } from './wire.ts';

const PAGE = 50;
const FOLLOW_EVERY_MS = 2_000;

export const auditView: View = (root) => {
  const rows = element('tbody');
  const event = element(
    'select',
    { id: 'event' },
    element('option', { value: '' }, 'All events'),
    ...AUDIT_KINDS.map((name) => element('option', { value: name }, words(name))),
  );
  const account = element('input', { id: 'account', type: 'search', autocomplete: 'off', spellcheck: 'false' });
  const follow = element('input', { id: 'follow', type: 'checkbox', checked: true });
  const older = actionButton('Show older', showOlder, 'quiet');
  let newest = 0;
  let oldest: number | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stopped = false;

  function ask(place: Record<string, string>): Promise<{ events: AuditEvent[]; next: number | null }> {
    const query = new URLSearchParams({ limit: String(PAGE), ...place });
    if (event.value) query.set('event', event.value);
    if (account.value.trim()) query.set('account', account.value.trim());
    return api('GET', `/api/admin/audit?${query.toString()}`);
  }

  function sorted(events: readonly AuditEvent[]): AuditEvent[] {
    return [...events].sort((a, b) => b.sequence - a.sequence);
  }

  async function load(): Promise<void> {
    const { events, next } = await ask({ before: String(Number.MAX_SAFE_INTEGER) });
    fill(rows, ...sorted(events).map(row));
    newest = Math.max(0, ...events.map(({ sequence }) => sequence));
    setOldest(next);
  }

  async function showOlder(): Promise<void> {
    if (oldest === null) return;
    const { events, next } = await ask({ before: String(oldest) });
    rows.append(...sorted(events).map(row));
    setOldest(next);
  }

  function setOldest(next: number | null): void {
    oldest = next ?? null;
    older.hidden = oldest === null;
  }

  /** Fetches newer events while the page is visible. */
  async function tick(): Promise<void> {
    if (follow.checked && document.visibilityState === 'visible') {
      const { events } = await ask({ after: String(newest) }).catch(() => ({ events: [] as AuditEvent[] }));
      newest = Math.max(newest, ...events.map(({ sequence }) => sequence));
      rows.prepend(...sorted(events).map(row));
    }
    if (!stopped) timer = setTimeout(() => void tick(), FOLLOW_EVERY_MS);
  }

  event.addEventListener('change', () => void act(null, load));
  account.addEventListener('change', () => void act(null, load));
  fill(
    root,
    element('h1', {}, 'Audit'),
    element(
      'div',
      { class: 'row filters' },
      element('div', {}, element('label', { for: 'event' }, 'Event'), event),
      element('div', {}, element('label', { for: 'account' }, 'Account ID'), account),
      element('div', { class: 'check' }, follow, element('label', { for: 'follow' }, 'Follow')),
    ),
    table('Audit log', ['When', 'Event', 'Account', 'Address', 'Detail'], rows),
    older,
  );
  older.hidden = true;
  void act(null, load).then(tick);
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
};

const BAD = /failed|throttled|reuse|deleted|disabled/;

function row(entry: AuditEvent): HTMLElement {
  const isBad = BAD.test(entry.event);
  return element(
    'tr',
    {},
    element('td', {}, timeElement(entry.at)),
    element('th', { scope: 'row' }, element('span', { class: isBad ? 'badge bad' : 'badge' }, words(entry.event))),
    element('td', {}, entry.accountId ? element('code', { title: entry.accountId }, `${entry.accountId.slice(0, 13)}…`) : '—'),
    element('td', {}, entry.address ?? '—'),
    element('td', { class: 'muted' }, entry.detail ?? ''),
  );
}
