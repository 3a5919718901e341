// A row of the audit log; a second one, with the IDs, opens below it.

import { nameOf, rememberDeleted } from './account-names.ts';
import { addressOf } from './admin-user.ts';
import { detailOf, eventBadge } from './audit-words.ts';
import { copyFrom, element, fill } from './dom.ts';
import { exactTimeElement, timeElement, words } from './format.ts';
import type { AuditEvent } from './wire.ts';
import { t } from './words.ts';

export const COLUMNS = [t('When'), t('Event'), t('User'), t('By'), t('Address'), t('Details'), t('IDs')];

export function auditRow(entry: AuditEvent): HTMLElement[] {
  if (entry.event === 'account_deleted' && entry.accountId !== null && entry.detail !== null) rememberDeleted(entry.accountId, entry.detail);
  const ids = idsRow(entry);
  const open = element('button', { type: 'button', class: 'quiet small', 'aria-expanded': 'false', 'aria-label': t('IDs of this event'), onclick: () => open.setAttribute('aria-expanded', String(!(ids.hidden = !ids.hidden))) }, '…');
  const row = element(
    'tr',
    {},
    element('td', { class: 'when' }, timeElement(entry.at), element('p', { class: 'muted' }, exactTimeElement(entry.at))),
    element('th', { scope: 'row' }, eventBadge(entry)),
    cell(t('User'), entry.accountId && account(entry.accountId)),
    cell(t('By'), actor(entry)),
    cell(t('Address'), entry.address),
    // Of a deletion it is the name, which is there already.
    cell(t('Details'), entry.event === 'account_deleted' ? null : detailOf(entry), 'muted wide'),
    element('td', { class: 'open' }, open),
  );
  return [row, ids];
}

/** A phone leaves out the cells that have nothing to say. */
function cell(label: string, content: Node | string | null | undefined, kind = ''): HTMLElement {
  return element('td', { 'data-label': label, class: content ? kind : 'none' }, content || '—');
}

function idsRow({ sequence, accountId, actorId, sessionId, requestId }: AuditEvent): HTMLElement {
  const ids: [string, string | null | undefined][] = [[t('Account'), accountId], [t('By account'), actorId], [t('Session'), sessionId], [t('Request'), requestId], [t('Number in the log'), String(sequence)]];
  const facts = ids.filter((fact): fact is [string, string] => Boolean(fact[1])).flatMap(([name, id]) => {
    const copy = element('button', { type: 'button', class: 'quiet small', 'aria-label': t('Copy: {label}', { label: name }), onclick: () => void copyFrom(copy, id) }, t('Copy'));
    return [element('dt', {}, name), element('dd', { class: 'row' }, element('code', {}, id), copy)];
  });
  return element('tr', { class: 'ids', hidden: true }, element('td', { colspan: COLUMNS.length, class: 'wide' }, element('dl', {}, ...facts)));
}

const ACTORS: Record<string, string> = { anonymous: t('a visitor'), command_line: t('command line'), system: t('the server') };

function actor(entry: AuditEvent): Node | string {
  const isTheUser = entry.event === 'login_succeeded' || (entry.actor === 'account' && (entry.actorId === undefined || entry.actorId === entry.accountId));
  if (isTheUser) return element('span', { class: 'muted' }, t('the user'));
  if (entry.actorId === undefined) return element('span', { class: 'muted' }, ACTORS[entry.actor] ?? words(entry.actor));
  return account(entry.actorId);
}

/** The name of an account, with a link to its page; a deleted one has none. */
function account(id: string): HTMLElement {
  const link = element('a', { href: addressOf(id), title: id }, element('code', {}, `${id.slice(0, 8)}…`));
  void nameOf(id).then(
    ({ name, isDeleted }) => {
      if (isDeleted) link.href = `#audit?user=${encodeURIComponent(id)}`;
      fill(link, name ?? element('code', {}, `${id.slice(0, 8)}…`), isDeleted && element('span', { class: 'muted' }, ` ${t('(deleted)')}`));
    },
    // The ID stays.
    () => undefined,
  );
  return link;
}
