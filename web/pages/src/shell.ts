// Shared by all signed-in pages: the sign-in check, the navigation, messages, confirmations.

import type { User } from '@countersign/client';
import { client, isCode, messageOf } from './api.ts';
import { pathOf } from './base.ts';
import { byId, element, fill } from './dom.ts';
import { keepTimesTrue } from './format.ts';
import { hasPage } from './site.ts';
import { t } from './words.ts';

/** Runs `show` for a signed-in visitor; sends anyone else to the sign-in page, which returns them here. */
export async function signedInPage(show: (user: User) => void): Promise<void> {
  const state = await client.ready;
  if (state.status === 'signed-in') {
    enter(state.user, show);
    return;
  }
  if (state.status === 'signed-out') {
    goToLogin(state.reason);
    return;
  }
  // The session began with less than is asked for now.
  const why = await client.token().catch((error: unknown) => error);
  if (isCode(why, 'reauthentication_required')) {
    goToLogin('reauthentication_required');
    return;
  }
  notify(t('The server cannot be reached. This page continues as soon as it can.'), true);
  const stop = client.subscribe((next) => {
    if (next.status === 'unknown') return;
    stop();
    void signedInPage(show);
  });
}

function enter(user: User, show: (user: User) => void): void {
  keepTimesTrue();
  navigation(user);
  byId('main').hidden = false;
  client.subscribe((next) => {
    if (next.status === 'signed-out') leave(next.reason);
    else if (next.status === 'signed-in' && next.user.userId !== user.userId) location.reload();
    else if (next.status === 'signed-in') byId('offline').hidden = !next.offline;
  });
  show(user);
}

/** The session is over. A user who signed out in this tab stays until the server knows. */
function leave(reason: string | undefined): void {
  if (isSigningOut) return;
  if (reason === 'logout') signedOut();
  else goToLogin(reason);
}

export function goToLogin(reason?: string): void {
  const query = new URLSearchParams({ return_to: location.pathname + location.hash });
  if (reason !== undefined) query.set('reason', reason);
  location.replace(`${pathOf('login')}?${query.toString()}`);
}

function signedOut(): void {
  location.replace(`${pathOf('login')}?reason=logout`);
}

/** The menu of a signed-in user. */
export function navigation(user: User): void {
  fill(
    byId('nav'),
    hasPage('account') && link('account', t('Account')),
    user.role === 'admin' && hasPage('admin') && link('admin', t('Admin')),
    hasPage('debugger') && link('debugger', t('Debugger')),
    element('span', { class: 'who', title: t('Signed in as {name}', { name: user.username }) }, user.username),
    element('button', { type: 'button', class: 'quiet', onclick: () => void signOut() }, t('Sign out')),
  );
}

/** A link of the menu to the page of this name. */
export function link(name: string, text: string): HTMLElement {
  const path = pathOf(name);
  return element('a', { href: path, 'aria-current': location.pathname === path && 'page' }, text);
}

/** For somebody whose account may not see this page: signs in another, and returns here. */
export function signInAsSomeoneElse(): Promise<void> {
  return signOut(false, goToLogin);
}

let isSigningOut = false;

/** Signs out, and goes `on` then; tells the user if the server does not know yet. */
export async function signOut(everywhere = false, on = signedOut): Promise<void> {
  isSigningOut = true;
  const { revoked } = await client.logout({ everywhere });
  if (revoked) {
    on();
    return;
  }
  byId('main').hidden = true;
  fill(byId('nav'));
  notify(t('You are signed out on this device. The server cannot be reached; this page tells it as soon as possible. Keep the page open until then.'), true);
  client.subscribe((state) => {
    if (state.status === 'signed-out' && !state.pending) on();
  });
}

/** Runs what ends the session of whoever is signed in, and then goes `on`. */
export async function signedOutBy(work: () => Promise<unknown>, on: () => void): Promise<void> {
  isSigningOut = true;
  try {
    await work();
  } catch (error) {
    isSigningOut = false;
    throw error;
  }
  on();
}

/** How long good news stay; an error stays until it is dismissed or another message comes. */
const GOOD_NEWS_MS = 8_000;
let fading: ReturnType<typeof setTimeout> | undefined;

/** Shows a message over the page, in sight wherever it is scrolled to; screen readers announce it. `link` leads to what it is about. */
export function notify(text: string, isError = false, link?: HTMLAnchorElement): void {
  clearTimeout(fading);
  const dismiss = element('button', { type: 'button', class: 'dismiss', 'aria-label': t('Dismiss'), onclick: clearMessage }, '×');
  fill(byId('message'), element('div', { class: isError ? 'notice error' : 'notice ok' }, element('p', {}, text), link, dismiss));
  if (!isError) fading = setTimeout(clearMessage, GOOD_NEWS_MS);
}

export function clearMessage(): void {
  clearTimeout(fading);
  fill(byId('message'));
}

/** Runs a button's work, one click at a time, and shows a failure as a message. */
export async function act(button: HTMLButtonElement | null, work: () => Promise<void>): Promise<void> {
  if (button?.getAttribute('aria-busy') === 'true') return;
  button?.setAttribute('aria-busy', 'true');
  try {
    await work();
  } catch (error) {
    notify(messageOf(error), true);
  } finally {
    button?.removeAttribute('aria-busy');
  }
}

/** A button whose work may fail. */
export function actionButton(text: string, work: () => Promise<void>, kind = ''): HTMLButtonElement {
  const button = element('button', { type: 'button', class: kind, onclick: () => void act(button, work) }, text);
  return button;
}

/**
 * Asks before something that cannot be undone: the question in bold, what follows its question mark below it. `danger`, in red, is for
 * what takes something away.
 */
export function confirmed(question: string, verb: string, kind: 'danger' | 'primary' = 'danger'): Promise<boolean> {
  const [, title = question, effect = ''] = /^(.*?\?)\s+(.*)$/s.exec(question) ?? [];
  return new Promise((resolve) => {
    const dialog = element(
      'dialog',
      { class: 'small', 'aria-label': question, onclose: () => settle(dialog.returnValue === 'yes') },
      element('h2', {}, title),
      effect !== '' && element('p', {}, effect),
      element(
        'form',
        { method: 'dialog', class: 'row end' },
        element('button', { value: 'no', class: 'quiet', autofocus: true }, t('Cancel')),
        element('button', { value: 'yes', class: kind }, verb),
      ),
    );
    const settle = (answer: boolean): void => {
      dialog.remove();
      resolve(answer);
    };
    // Its question is about the view behind it.
    addEventListener('hashchange', () => dialog.close('no'), { once: true });
    document.body.append(dialog);
    dialog.showModal();
  });
}
