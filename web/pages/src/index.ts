// The front page: knows its own address, and whether the visitor is signed in.

import { client } from './api.ts';
import { byId, element, fill } from './dom.ts';

for (const place of document.querySelectorAll('[data-origin]')) place.textContent = location.origin;

client.subscribe((state) => {
  const isSignedIn = state.status === 'signed-in';
  byId('start').textContent = isSignedIn ? 'Go to your account' : 'Sign in';
  byId<HTMLAnchorElement>('start').href = isSignedIn ? '/account' : '/login';
  fill(
    byId('nav'),
    isSignedIn && element('a', { href: '/account' }, state.user.username),
    isSignedIn && state.user.role === 'admin' && element('a', { href: '/admin' }, 'Admin'),
    element('a', { href: '/debugger' }, 'Debugger'),
    !isSignedIn && element('a', { href: '/login' }, 'Sign in'),
  );
});
