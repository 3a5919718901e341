// The front page: knows its own address, and whether the visitor is signed in. A product's own one is an entrance, and
// says nothing about code.

import { client } from './api.ts';
import { address, pathOf } from './base.ts';
import { byId, copyFrom, fill } from './dom.ts';
import { link, navigation } from './shell.ts';
import { hasPage, productName } from './site.ts';
import { tabs } from './tabs.ts';
import { t } from './words.ts';

for (const place of document.querySelectorAll('[data-address]')) place.textContent = address;

// The server puts a product's name into the documents, and not into this file.
for (const part of document.querySelectorAll<HTMLElement>('[data-own]')) part.hidden = productName !== 'Countersign';

const copy = byId<HTMLButtonElement>('copy');
let code: string | undefined;
tabs(document.querySelector<HTMLElement>('[role=tablist]') as HTMLElement, (panel) => {
  // Not a name in a sentence.
  code = panel.querySelector('pre code')?.textContent ?? undefined;
  copy.hidden = code === undefined;
});
copy.addEventListener('click', () => void copyFrom(copy, code ?? ''));

client.subscribe((state) => {
  const isSignedIn = state.status === 'signed-in';
  const start = byId<HTMLAnchorElement>('start');
  start.textContent = isSignedIn ? t('Go to your account') : t('Sign in');
  start.href = pathOf(isSignedIn ? 'account' : 'login');
  start.hidden = isSignedIn && !hasPage('account');
  if (isSignedIn) navigation(state.user);
  else fill(byId('nav'), hasPage('debugger') && link('debugger', t('Debugger')), link('login', t('Sign in')));
});
