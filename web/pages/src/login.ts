// The sign-in page. The form is in the HTML, so that password managers find it before any script runs.

import { CountersignError, type SessionOverCode, type User } from '@countersign/client';
import { client, messageOf } from './api.ts';
import { pathOf } from './base.ts';
import { waitFor } from './countdown.ts';
import { byId, element, fill, showsLength, showsTyped } from './dom.ts';
import { absolute } from './format.ts';
import { offerPasskeys } from './passkey-sign-in.ts';
import { areCodesShown } from './recovery-codes.ts';
import { returnTo } from './return-to.ts';
import { dueIn, secondStep, type Due, type FirstStep } from './second-step.ts';
import { afterSignIn, hasPage, keepReturnTo, leastLength, passwordHint } from './site.ts';
import { t } from './words.ts';

const REASONS: Record<SessionOverCode | 'logout' | 'deletion' | 'deleted' | 'password_reset' | 'registered' | 'reauthentication_required' | 'device_proof_required', string> = {
  reauthentication_required: t('Your account needs a second step now. Sign in again to set it up.'),
  device_proof_required: t('This browser has lost what your session was bound to. Please sign in again.'),
  deletion: t('You are signed out, and your account is going to be deleted. To keep it, sign in.'),
  deleted: t('Your account is deleted.'),
  logout: t('You are signed out.'),
  password_reset: t('Your new password is saved. Sign in with it.'),
  registered: t('Your account is ready. Sign in with it.'),
  session_expired: t('Your session has ended. Please sign in again.'),
  session_revoked: t('This session was ended on another device or by an administrator. Please sign in again.'),
  refresh_token_reused: t('This session was ended because a copy of it was used elsewhere. Sign in again, and change your password if you do not know why.'),
  invalid_refresh_token: t('Your session could not be continued. Please sign in again.'),
  no_refresh_token: t('Your session has ended. Please sign in again.'),
};

const form = byId<HTMLFormElement>('form');
const username = byId<HTMLInputElement>('username');
const password = byId<HTMLInputElement>('password');
const submit = byId<HTMLButtonElement>('submit');
const title = byId('title');
let newPassword: HTMLInputElement | undefined;
const target = returnTo(location.search, location.origin, pathOf) ?? afterSignIn;
const asked = new URLSearchParams(location.search);
/** Whether whoever is signed in may go on: not where an application has asked for another sign-in. */
let mayGoOn = !asked.has('anew');

/** Says what came of the last try, beside the button that made it. */
function say(text: string, kind: 'error' | 'info'): void {
  fill(byId('reason'));
  fill(byId('message'), element('p', { class: `notice ${kind}` }, text));
}

/** Says why the form is shown, above it: it is read before anything is typed. */
function explain(text: string): void {
  fill(byId('message'));
  fill(byId('reason'), element('p', { class: 'notice' }, text));
}

async function signIn(keepAccount = false): Promise<void> {
  submit.setAttribute('aria-busy', 'true');
  try {
    // Keyboards of phones add a space after a completed word, and no name ends in one.
    await client.login(username.value.trim(), password.value, newPassword?.value, keepAccount || undefined);
    if (!mayGoOn && target !== undefined) location.replace(target);
    mayGoOn = true;
  } catch (error) {
    const due = dueIn(error);
    if (due) await second(due, keepAccount);
    else refuse(error);
  } finally {
    submit.removeAttribute('aria-busy');
  }
}

/** The password was right, and is not enough. */
async function second(due: Due, keepAccount: boolean): Promise<void> {
  const first: FirstStep = {
    username: username.value.trim(),
    wishes: { ...(newPassword && { newPassword: newPassword.value }), ...(keepAccount && { keepAccount }) },
    goOn: () => (target === undefined ? location.reload() : location.replace(target)),
    again: (why) => {
      fill(byId('message'));
      if (why !== undefined) explain(why);
      password.focus();
    },
  };
  await secondStep(due, first).catch((error: unknown) => refuse(error));
}

/** `button`: what has made the try. */
function refuse(error: unknown, button = submit): void {
  if (error instanceof CountersignError && error.code === 'invalid_credentials') {
    // The new password may be in force already: the response to its choice may have been lost.
    say(`${t('The username or password is wrong.')}${newPassword ? ` ${t('If you have already chosen a new password, sign in with it.')}` : ''}`, 'error');
    password.select();
    password.focus();
  } else if (error instanceof CountersignError && error.code === 'password_change_required') {
    explain(t('You need a new password. Choose one to sign in.'));
    newPassword ??= addNewPassword();
    newPassword.focus();
  } else if (error instanceof CountersignError && error.code === 'deletion_pending') {
    offerToKeep((error.body as { deletionAt: string }).deletionAt);
  } else if (error instanceof CountersignError && error.status === 422) {
    say(messageOf(error), 'error');
    newPassword?.focus();
  } else if (error instanceof CountersignError && error.retryAfterMs !== undefined) {
    waitFor(messageOf(error), Math.ceil(error.retryAfterMs / 1000), button, say);
  } else {
    say(messageOf(error), 'error');
  }
}

/** Its owner has asked for its deletion. Nothing is kept that they do not say they keep. */
function offerToKeep(deletionAt: string): void {
  explain(t('This account is going to be deleted on {date}, as you have asked. You can still keep it.', { date: absolute(new Date(deletionAt)) }));
  const keep: HTMLButtonElement = element('button', { type: 'button', onclick: () => void signIn(true) }, t('Keep my account'));
  fill(byId('message'), keep);
  keep.focus();
  // It is for this account only.
  for (const field of [username, password]) field.addEventListener('input', () => keep.remove(), { once: true });
}

/** Adds a field to the form, until another username or password is typed: it is for this account only. */
function addNewPassword(): HTMLInputElement {
  const field = element('input', { id: 'new-password', name: 'new-password', type: 'password', autocomplete: 'new-password', required: true, 'aria-describedby': 'new-password-hint' });
  const button = element('button', { type: 'button', class: 'show', 'aria-pressed': 'false', 'aria-label': t('Show new password') }, t('Show'));
  const length = element('span', { class: 'muted length' });
  const parts = [
    element('div', { class: 'row spread' }, element('label', { for: 'new-password' }, t('New password')), length),
    element('div', { class: 'with-button' }, field, button),
    element('p', { id: 'new-password-hint', class: 'muted' }, passwordHint),
  ];
  showsTyped(button, field);
  byId('message').before(...parts);
  showsLength(field, length, leastLength);
  const name = (heading: string, current: string, verb: string): void => {
    title.textContent = heading;
    byId('password-label').textContent = current;
    submit.textContent = verb;
  };
  name(t('Choose a new password'), t('Current password'), t('Save and sign in'));
  const remove = (): void => {
    for (const part of parts) part.remove();
    fill(byId('reason'));
    name(t('Sign in'), t('Password'), t('Sign in'));
    newPassword = undefined;
  };
  username.addEventListener('input', remove, { once: true });
  password.addEventListener('input', remove, { once: true });
  return field;
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  if (submit.getAttribute('aria-busy') !== 'true') void signIn();
});

showsTyped(byId<HTMLButtonElement>('show'), password);

offerPasskeys({
  refuse,
  clear: () => {
    fill(byId('reason'));
    fill(byId('message'));
  },
});

/** Accounts with public passwords: of a server in development, and of no other. */
const demoUsers: readonly { username: string; password: string }[] = JSON.parse(document.documentElement.dataset['demoUsers'] ?? '[]');

/** A click fills the form in; whoever clicks still signs in. */
function demoUser(user: { username: string; password: string }): HTMLButtonElement {
  const onclick = (): void => {
    username.value = user.username;
    password.value = user.password;
    // As if typed: a field for a new password is for another account.
    username.dispatchEvent(new Event('input'));
    submit.focus();
  };
  return element('button', { type: 'button', onclick }, `${user.username} · ${user.password}`);
}

if (demoUsers.length > 0) {
  form.after(element('section', { id: 'demo', class: 'stack' }, element('p', { class: 'muted' }, t('Development mode. Everybody knows these passwords:')), ...demoUsers.map(demoUser)));
}

const reason: string | undefined = REASONS[new URLSearchParams(location.search).get('reason') as keyof typeof REASONS];
if (reason !== undefined) explain(reason);

username.value ||= asked.get('login_hint') ?? '';
if (!mayGoOn) explain(t('Sign in again to go on.'));

keepReturnTo();

// A signed-in user does not need this page, whether they signed in here or in another tab.
client.subscribe((state) => {
  // Codes that are shown once stay until they are kept, whatever happens in another tab.
  if (!mayGoOn || state.status !== 'signed-in' || areCodesShown()) return;
  if (target === undefined) stay(state.user);
  else location.replace(target);
});

/** Of a server without an account page and without a home: there is nowhere to go. */
function stay({ username: name, role }: User): void {
  const signOut = (): void => void client.logout().then(() => location.reload());
  fill(
    byId('main'),
    document.querySelector('.brand'),
    element('h1', {}, t('You are signed in')),
    element('p', { class: 'muted' }, t('As {name}.', { name })),
    role === 'admin' && hasPage('admin') && element('a', { class: 'button primary', href: pathOf('admin') }, t('Admin')),
    element('button', { type: 'button', onclick: signOut }, t('Sign out')),
  );
}
