// A list of sessions, each with a button that ends it. For the account page and the admin page.

import { element } from './dom.ts';
import { device, timeElement } from './format.ts';
import { actionButton } from './shell.ts';
import type { Session } from './wire.ts';

export function sessionList(sessions: readonly Session[], end?: (session: Session) => Promise<void>): HTMLElement {
  if (sessions.length === 0) return element('p', { class: 'muted' }, 'No sessions.');
  return element('ul', { class: 'list' }, ...sessions.map((session) => item(session, end)));
}

function item(session: Session, end?: (session: Session) => Promise<void>): HTMLElement {
  const name = device(session.userAgent);
  const button = end && !session.current && actionButton('End', () => end(session), 'quiet');
  if (button) button.setAttribute('aria-label', `End the session of ${name}`);
  return element(
    'li',
    {},
    element(
      'div',
      { class: 'grow' },
      element('strong', { title: session.userAgent ?? '' }, name),
      ' ',
      session.current === true && element('span', { class: 'badge' }, 'this one'),
      element(
        'p',
        { class: 'muted' },
        session.address ? `${session.address} · ` : '',
        'active ',
        timeElement(session.lastUsedAt),
        ' · signed in ',
        timeElement(session.createdAt),
      ),
    ),
    button,
  );
}
