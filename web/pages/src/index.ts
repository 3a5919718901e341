// The front page: knows its own address, and whether the visitor is signed in.

import { client } from './api.ts';
import { address, pathOf } from './base.ts';
import { byId, element, fill } from './dom.ts';

for (const place of document.querySelectorAll('[data-address]')) place.textContent = address;
for (const place of document.querySelectorAll('[data-path]')) place.textContent = pathOf('').slice(0, -1);

client.subscribe((state) => {
  const isSignedIn = state.status === 'signed-in';
  byId('start').textContent = isSignedIn ? 'Go to your account' : 'Sign in';
  byId<HTMLAnchorElement>('start').href = pathOf(isSignedIn ? 'account' : 'login');
  fill(
    byId('nav'),
    isSignedIn && element('a', { href: pathOf('account') }, state.user.username),
    isSignedIn && state.user.role === 'admin' && element('a', { href: pathOf('admin') }, 'Admin'),
    element('a', { href: pathOf('debugger') }, 'Debugger'),
    !isSignedIn && element('a', { href: pathOf('login') }, 'Sign in'),
  );
});
