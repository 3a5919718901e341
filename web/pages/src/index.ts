// The front page: knows its own address, and whether the visitor is signed in.

import { client } from './api.ts';
import { address, pathOf } from './base.ts';
import { byId, fill } from './dom.ts';
import { link, navigation } from './shell.ts';
import { hasPage } from './site.ts';

for (const place of document.querySelectorAll('[data-address]')) place.textContent = address;
for (const place of document.querySelectorAll('[data-path]')) place.textContent = pathOf('').slice(0, -1);

client.subscribe((state) => {
  const isSignedIn = state.status === 'signed-in';
  const start = byId<HTMLAnchorElement>('start');
  start.textContent = isSignedIn ? 'Go to your account' : 'Sign in';
  start.href = pathOf(isSignedIn ? 'account' : 'login');
  start.hidden = isSignedIn && !hasPage('account');
  if (isSignedIn) navigation(state.user);
  else fill(byId('nav'), hasPage('debugger') && link('debugger', 'Debugger'), link('login', 'Sign in'));
});
