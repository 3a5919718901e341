// The audit log, newest events first: filter it, page back, follow it, take it away as a file.

import { idOf } from './account-names.ts';
import { auditRow, COLUMNS } from './audit-row.ts';
import { downloadLines } from './audit-download.ts';
import { periodChoice } from './audit-period.ts';
import { eventOptions } from './audit-words.ts';
import { emptyState, replacing, setViewParameters, table, viewParameters, type View } from './admin-parts.ts';
import { api, isOffline } from './api.ts';
import { byId, element, fill } from './dom.ts';
import { act, actionButton } from './shell.ts';
import type { AuditEvent } from './wire.ts';
import { t } from './words.ts';

interface AuditPage {
  readonly events: AuditEvent[];
  /** The `after` or the `before` of the next page. */
  readonly next?: number | string;
  /** Looking back: the `after` of what comes from now on. */
  readonly newer?: string;
}

const PAGE = 50;
const FOLLOW_EVERY_MS = 2_000;
const NEWEST = { before: String(Number.MAX_SAFE_INTEGER) };

export const auditView: View = (root) => {
  const parameters = viewParameters();
  const rows = element('tbody');
  const event = element('select', { id: 'event' }, element('option', { value: '' }, t('All events')), ...eventOptions());
  event.value = parameters.get('event') ?? '';
  const user = element('input', { id: 'account', type: 'search', autocomplete: 'off', spellcheck: 'false', autocapitalize: 'none', placeholder: t('Username or ID'), value: parameters.get('user') ?? '' });
  const period = periodChoice(parameters, () => void act(null, load));
  const follow = element('input', { id: 'follow', type: 'checkbox', checked: true });
  const older = actionButton(t('Show older'), showOlder, 'quiet');
  const log = table(t('Audit log'), COLUMNS, rows, 'audit');
  const empty = element('div', { role: 'status' });
  let accountId: string | undefined;
  // With which to ask for newer events; null for those of nobody.
  let newer: string | null = null;
  let oldest: number | null = null;
  let turn = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stopped = false;

  function ask(place: Record<string, string>, limit = PAGE): Promise<AuditPage> {
    const query = new URLSearchParams({ limit: String(limit), ...place, ...period.range() });
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
    setViewParameters('audit', { event: event.value, user: name, ...period.parameters() });
    await replacing(log, async () => {
      const id = name === '' ? undefined : await idOf(name);
      if (mine !== turn) return;
      accountId = id;
      const isUnknown = name !== '' && accountId === undefined;
      const page: AuditPage = isUnknown ? { events: [] } : await ask(NEWEST);
      // A slow response to an earlier filter must not replace the result of a later one.
      if (mine !== turn) return;
      fill(rows, ...sorted(page.events).flatMap(auditRow));
      newer = page.newer ?? null;
      setOldest(page.next);
      showEmpty(isUnknown ? t('There is no user {name}.', { name }) : period.isTurned() ? t('“From” is later than “To”: nothing lies between them.') : t('Nothing of this kind is in the log.'));
    });
  }

  function showEmpty(text: string): void {
    const isEmpty = rows.childElementCount === 0;
    log.hidden = isEmpty;
    fill(empty, isEmpty && emptyState(t('No events'), text, actionButton(t('Show all events'), clear)));
  }

  async function clear(): Promise<void> {
    event.value = '';
    user.value = '';
    period.clear();
    await load();
  }

  async function showOlder(): Promise<void> {
    if (oldest === null) return;
    const mine = turn;
    const { events, next } = await ask({ before: String(oldest) });
    if (mine !== turn) return;
    rows.append(...sorted(events).flatMap(auditRow));
    setOldest(next);
  }

  function setOldest(next: number | string | undefined): void {
    oldest = next === undefined ? null : Number(next);
    older.hidden = oldest === null;
  }

  function heard(page: AuditPage): AuditPage {
    byId('offline').hidden = true;
    return page;
  }

  /** A list that is not followed for now must not look as if nothing happened. */
  function unheard(error: unknown): AuditPage {
    byId('offline').hidden = stopped || !isOffline(error);
    return { events: [] };
  }

  /** Fetches newer events while the page is visible. */
  async function tick(): Promise<void> {
    if (follow.checked && document.visibilityState === 'visible' && newer !== null) {
      const mine = turn;
      const { events, next } = await ask({ after: newer }).then(heard, unheard);
      if (mine === turn && next !== undefined) newer = String(next);
      if (mine === turn && events.length > 0) {
        rows.prepend(...sorted(events).flatMap(auditRow));
        showEmpty('');
      }
    }
    if (!stopped) timer = setTimeout(() => void tick(), FOLLOW_EVERY_MS);
  }

  const download = actionButton(t('Download'), () => downloadLines((before) => ask(before === undefined ? NEWEST : { before }, 1000), () => stopped), 'quiet');
  download.title = t('All events of this filter, one JSON object a line');
  event.addEventListener('change', () => void act(null, load));
  user.addEventListener('change', () => void act(null, load));
  fill(
    root,
    element('div', { class: 'row spread' }, element('h1', {}, t('Audit')), download),
    element(
      'div',
      { class: 'row filters' },
      element('div', {}, element('label', { for: 'event' }, t('Event')), event),
      element('div', {}, element('label', { for: 'account' }, t('User')), user),
      period.field,
      element('div', { class: 'check' }, follow, element('label', { for: 'follow' }, t('Follow'))),
      period.ends,
    ),
    log,
    empty,
    older,
  );
  older.hidden = true;
  void act(null, load).then(tick);
  return () => {
    stopped = true;
    byId('offline').hidden = true;
    clearTimeout(timer);
  };
};
