// One user, at an address of their own: facts, role and claims, addresses, sessions, API keys, last events, password, disable, delete.

import { card, emptyState, placeOf, type View } from './admin-parts.ts';
import { accessCard, dangerCard, passwordCard, type UserPage } from './admin-user-cards.ts';
import { emailsCard } from './admin-user-emails.ts';
import { factorsCard } from './admin-user-factors.ts';
import { api, isMine, messageOf } from './api.ts';
import { eventBadge } from './audit-words.ts';
import { copyFrom, element, fill } from './dom.ts';
import { languageName, timeElement } from './format.ts';
import { keyList } from './key-list.ts';
import { suggestRoles } from './roles.ts';
import { sessionList } from './session-list.ts';
import { act, actionButton, confirmed, notify, signOut } from './shell.ts';
import { hasMail } from './site.ts';
import { carryEdits, forgetEdits } from './unsaved.ts';
import type { Account, AuditEvent, Session } from './wire.ts';
import { t } from './words.ts';

const EVENTS = 10;

export function addressOf(accountId: string): string {
  return `#users/${encodeURIComponent(accountId)}`;
}

export const userView: View = (root) => {
  const id = location.hash.slice('#users/'.length);
  const path = `/api/admin/users/${id}`;

  async function show(): Promise<void> {
    const { user } = await api<{ user: Account }>('GET', path);
    suggestRoles([user.role]);
    const page: UserPage = { account: user, path, changed, ended };
    fill(root, backLink(), heading(user), cards(page));
  }

  async function changed(text: string): Promise<void> {
    notify(text);
    const before = root.querySelector('form');
    await show();
    const form = root.querySelector('form');
    if (before && form) carryEdits(before, form);
    root.querySelector('h1')?.focus();
  }

  /** The user who did it to their own account knows why this session is over: nobody else has ended it. */
  async function ended(text: string): Promise<void> {
    if (!isMine(decodeURIComponent(id))) {
      await changed(text);
      return;
    }
    forgetEdits();
    await signOut();
  }

  fill(root, backLink(), element('p', { class: 'muted' }, t('Loading…')));
  show().then(
    () => root.querySelector('h1')?.focus({ preventScroll: true }),
    (error: unknown) => fill(root, backLink(), emptyState(t('This user cannot be shown'), `${messageOf(error)} ${t('A user that was deleted is in the audit log only.')}`)),
  );
  return () => {};
};

function backLink(): HTMLElement {
  return element('p', {}, element('a', { href: placeOf('users') }, t('← All users')));
}

function heading(account: Account): HTMLElement {
  return element('div', { class: 'row' }, element('h1', { tabindex: -1 }, account.username), stateOf(account));
}

function cards(page: UserPage): HTMLElement {
  return element(
    'div',
    { class: 'halves' },
    element('div', { class: 'column' }, factsCard(page), accessCard(page), passwordCard(page), factorsCard(page), hasMail && emailsCard(page)),
    element('div', { class: 'column' }, sessionsCard(page), keysCard(page), eventsCard(page), dangerCard(page)),
  );
}

function factsCard({ account }: UserPage): HTMLElement {
  const signedIn = element('dd', {}, '…');
  const copy = element('button', { type: 'button', class: 'quiet small', 'aria-label': t('Copy the account ID'), onclick: () => void copyFrom(copy, account.userId) }, t('Copy'));
  void act(null, async () => fill(signedIn, await lastSignIn(account)));
  return card(
    t('Account'),
    element(
      'dl',
      {},
      element('dt', {}, t('ID')),
      element('dd', { class: 'row' }, element('code', {}, account.userId), copy),
      element('dt', {}, t('Created')),
      element('dd', {}, timeElement(account.createdAt)),
      ...(account.locale ? [element('dt', {}, t('Language of mails')), element('dd', {}, languageName(account.locale))] : []),
      ...(account.deletionAt ? [element('dt', {}, t('To be deleted')), element('dd', {}, timeElement(account.deletionAt))] : []),
      ...(account.disabledAt ? [element('dt', {}, t('Disabled')), element('dd', {}, timeElement(account.disabledAt))] : []),
      element('dt', {}, t('Last sign-in')),
      signedIn,
    ),
  );
}

/** "never" only if the audit log still knows how the account was made: what is older is not kept. */
async function lastSignIn(account: Account): Promise<Node | string> {
  const [signedIn] = await eventsOf(account, 1, 'login_succeeded');
  if (signedIn) return timeElement(signedIn.at);
  const [created] = await eventsOf(account, 1, 'account_created');
  return created ? t('never') : t('not since the audit log begins');
}

async function eventsOf({ userId }: Account, limit: number, event?: string): Promise<AuditEvent[]> {
  const query = new URLSearchParams({ account: userId, ...(event !== undefined && { event }), before: String(Number.MAX_SAFE_INTEGER), limit: String(limit) });
  return (await api<{ events: AuditEvent[] }>('GET', `/api/admin/audit?${query.toString()}`)).events;
}

function sessionsCard({ account, path, ended }: UserPage): HTMLElement {
  const list = element('div', { 'aria-live': 'polite', tabindex: -1 }, element('p', { class: 'muted' }, t('Loading…')));
  const endAll = actionButton(t('Sign out everywhere'), signOutEverywhere, 'quiet');
  endAll.hidden = true;

  async function show(): Promise<void> {
    const { sessions } = await api<{ sessions: Session[] }>('GET', `${path}/sessions`);
    fill(list, sessionList(sessions, end));
    endAll.hidden = sessions.length === 0;
  }

  async function end(session: Session): Promise<void> {
    await api('DELETE', `${path}/sessions/${encodeURIComponent(session.id)}`);
    notify(session.clientId === undefined ? t('That device of {name} is signed out.', { name: account.username }) : t('{app} is disconnected.', { app: session.clientId }));
    await show();
    // The button that had the focus is gone.
    list.focus();
  }

  async function signOutEverywhere(): Promise<void> {
    const effect = isMine(account.userId) ? t('This is your own account: this session ends too.') : t('All their sessions end at once. They may sign in again.');
    if (!(await confirmed(`${t('Sign {name} out everywhere?', { name: account.username })} ${effect}`, t('Sign out everywhere')))) return;
    await api('DELETE', `${path}/sessions`);
    await ended(t('{name} is signed out everywhere.', { name: account.username }));
  }

  void act(null, show);
  return card(t('Sessions'), list, element('div', { class: 'row' }, endAll));
}

function keysCard({ path }: UserPage): HTMLElement {
  const list = element('div', { tabindex: -1 }, element('p', { class: 'muted' }, t('Loading…')));
  const make = keyList(list, `${path}/keys`, false);
  return card(t('API keys'), list, element('div', { class: 'row' }, make));
}

function eventsCard({ account }: UserPage): HTMLElement {
  const list = element('ul', { class: 'list events' });
  void act(null, async () => {
    const events = await eventsOf(account, EVENTS);
    const row = (event: AuditEvent): HTMLElement => element('li', {}, eventBadge(event), element('span', { class: 'muted' }, event.address ? element('span', { class: 'part' }, event.address) : '', element('span', { class: 'part' }, timeElement(event.at))));
    fill(list, ...events.map(row), events.length === 0 && element('li', { class: 'muted' }, t('Nothing is in the audit log.')));
  });
  return card(t('Last events'), list, element('p', {}, element('a', { href: `#audit?user=${encodeURIComponent(account.username)}` }, t('Events of this user'))));
}

/** Whether they may sign in, as a badge. */
export function stateOf({ disabled, deletionAt, hasPassword, passwordChangeRequired }: Account): HTMLElement {
  if (deletionAt !== undefined) return element('span', { class: 'badge bad' }, t('to be deleted'));
  if (disabled) return element('span', { class: 'badge bad' }, t('disabled'));
  if (!hasPassword) return element('span', { class: 'badge warn', title: t('Nobody has set a password here yet.') }, t('no password'));
  if (passwordChangeRequired) return element('span', { class: 'badge warn', title: t('Must choose a new password at the next sign-in.') }, t('new password due'));
  return element('span', { class: 'badge good' }, t('active'));
}
