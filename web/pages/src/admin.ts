// The admin page: views, of which the URL's hash selects one.

import type { User } from '@countersign/client';
import { auditView } from './admin-audit.ts';
import { keysView } from './admin-keys.ts';
import { overviewView } from './admin-overview.ts';
import { placeOf, type View } from './admin-parts.ts';
import { userView } from './admin-user.ts';
import { usersView } from './admin-users.ts';
import { pathOf } from './base.ts';
import { byId, element, fill } from './dom.ts';
import { actionButton, clearMessage, signedInPage, signInAsSomeoneElse } from './shell.ts';
import { hasPage, productName } from './site.ts';
import { t } from './words.ts';

const VIEWS: Record<string, { title: string; view: View }> = {
  overview: { title: t('Overview'), view: overviewView },
  users: { title: t('Users'), view: usersView },
  user: { title: t('User'), view: userView },
  keys: { title: t('Keys'), view: keysView },
  audit: { title: t('Audit'), view: auditView },
};

let stop = (): void => {};

function show(from = ''): void {
  stop();
  const [asked = ''] = location.hash.slice(1).split('?');
  const name = asked.startsWith('users/') ? 'user' : Object.hasOwn(VIEWS, asked) ? asked : 'overview';
  for (const link of byId('views').querySelectorAll('a')) {
    const [its = ''] = link.hash.slice(1).split('?');
    // A tab leads back to what was left there; the one that is shown, to all of it.
    link.href = its === name ? `#${its}` : placeOf(its);
    if (its.startsWith(name)) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  const { title, view } = VIEWS[name] as { title: string; view: View };
  document.title = `${title} · ${productName}`;
  clearMessage();
  const root = element('section');
  fill(byId('view'), root);
  stop = view(root, from);
}

void signedInPage((user) => {
  if (user.role !== 'admin') {
    refuse(user);
    return;
  }
  addEventListener('hashchange', ({ oldURL }) => show(new URL(oldURL).hash));
  show();
});

/** Says who is signed in, and leads on. */
function refuse({ username }: User): void {
  byId('main').classList.add('narrow');
  fill(
    byId('main'),
    element('h1', {}, t('This page is for administrators')),
    element('p', {}, t('You are signed in as {name}, who is not an administrator.', { name: username })),
    element(
      'div',
      { class: 'row' },
      hasPage('account') && element('a', { class: 'button primary', href: pathOf('account') }, t('Go to your account')),
      actionButton(t('Sign in as someone else'), signInAsSomeoneElse),
    ),
  );
}
