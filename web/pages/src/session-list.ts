// A list of sessions, each with a button that ends it. For the account page and the admin page.

import { element } from './dom.ts';
import { device, timeElement } from './format.ts';
import { actionButton } from './shell.ts';
import { t } from './words.ts';
import type { Session } from './wire.ts';

export function sessionList(sessions: readonly Session[], end?: (session: Session) => Promise<void>): HTMLElement {
  if (sessions.length === 0) return element('p', { class: 'muted' }, t('No sessions.'));
  return element('ul', { class: 'list' }, ...sessions.map((session) => item(session, end)));
}

function item(session: Session, end?: (session: Session) => Promise<void>): HTMLElement {
  const app = session.clientId;
  const name = app ?? device(session.userAgent);
  const button = end && !session.current && actionButton(app === undefined ? t('Sign out') : t('Disconnect'), () => end(session), 'quiet');
  if (button) button.setAttribute('aria-label', app === undefined ? t('Sign out {device}', { device: name }) : t('Disconnect {app}', { app: name }));
  return element(
    'li',
    {},
    element(
      'div',
      { class: 'grow' },
      element('strong', { title: session.userAgent ?? '' }, name),
      ' ',
      session.current === true && element('span', { class: 'badge accent' }, t('this device')),
      app !== undefined && element('span', { class: 'badge', title: session.scope ?? '' }, t('connected app')),
      element(
        'p',
        { class: 'muted' },
        session.address && element('span', { class: 'part' }, session.address),
        element('span', { class: 'part' }, `${t('active')} `, timeElement(session.lastUsedAt)),
        element('span', { class: 'part' }, `${t('signed in')} `, timeElement(session.createdAt)),
      ),
    ),
    button,
  );
}
