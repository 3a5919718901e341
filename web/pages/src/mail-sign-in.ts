// The page for signing in by mail: asks for one, shows the two digits, takes the code, and waits whether the link is opened elsewhere
// and lets this browser go on.

import type { MailSignIn } from '@countersign/client/account';
import { client } from './api.ts';
import { pathOf } from './base.ts';
import { field, newPasswordField, nowTheCode } from './by-mail.ts';
import { isCode } from './call.ts';
import { byId, element, fill } from './dom.ts';
import { submits } from './form.ts';
import { withCode, wrongCode } from './mail-code.ts';
import { areCodesShown } from './recovery-codes.ts';
import { returnTo } from './return-to.ts';
import { dueIn, secondStep } from './second-step.ts';
import { account } from './self-service.ts';
import { afterSignIn, keepReturnTo } from './site.ts';
import { t } from './words.ts';

/** The server has said that this browser may go on, so it does not keep it waiting. */
const LIMIT_MS = 5_000;

const ask = byId<HTMLFormElement>('ask');
const confirm = byId<HTMLFormElement>('confirm');
const address = field(ask, 'email');
const code = field(confirm, 'code');
const next = newPasswordField(confirm);

/** What has to be said with the sign-in, once the server has asked for it. */
const wishes: { newPassword?: string; keepAccount?: boolean } = {};
/** What was asked for last; its mail signs in. */
let asked: MailSignIn | undefined;
/** Ends the waiting for the mail before. */
let stop = new AbortController();
/** Somebody has opened the link elsewhere and let this browser go on: no code is needed. */
let isApproved = false;
let isOver = false;

function goOn(): void {
  if (isOver) return;
  isOver = true;
  location.replace(returnTo(location.search, location.origin, pathOf) ?? afterSignIn ?? pathOf('login'));
}

async function send(): Promise<void> {
  asked = await account.signInByMail(address.value);
  byId('digits').textContent = asked.digits;
  stop.abort();
  stop = new AbortController();
  void wait(asked, stop.signal);
}

/** Until somebody has let this browser go on, or the mail is too old, or another one is asked for. */
async function wait(mail: MailSignIn, signal: AbortSignal): Promise<void> {
  try {
    await mail.whenAllowed({ signal });
    goOn();
  } catch (error) {
    if (isWish(error)) approved();
  }
}

/** The proof is right, and something has to be said with it. */
function isWish(error: unknown): boolean {
  return isCode(error, 'password_change_required') || isCode(error, 'deletion_pending') || dueIn(error) !== undefined;
}

/** The form goes on without the code. It is sent once, so that it says what else is wanted. */
function approved(): void {
  isApproved = true;
  code.required = false;
  for (const part of codeParts()) part.hidden = true;
  confirm.requestSubmit();
}

async function nowAllowed(): Promise<void> {
  const signal = AbortSignal.timeout(LIMIT_MS);
  try {
    await asked?.whenAllowed({ ...wishes, signal });
  } catch (error) {
    throw signal.aborted ? new Error(wrongCode()) : error;
  }
}

async function signIn(): Promise<void> {
  if (next.required) wishes.newPassword = next.value;
  try {
    await withCode(async () => (isApproved ? nowAllowed() : asked?.withCode(code.value, wishes)));
  } catch (error) {
    const due = dueIn(error);
    if (due) {
      // What the mail has proved is in the ticket now.
      stop.abort();
      await secondStep(due, { wishes, goOn, again });
      return;
    }
    if (isCode(error, 'password_change_required')) {
      byId('new').hidden = false;
      next.required = true;
      throw new Error(t('You need a new password. Choose one to sign in.'));
    }
    if (isCode(error, 'deletion_pending')) offerToKeep();
    throw error;
  }
  goOn();
}

/** Another mail is needed. */
function again(why?: string): void {
  isApproved = false;
  code.required = true;
  code.value = '';
  for (const part of codeParts()) part.hidden = false;
  confirm.hidden = true;
  ask.hidden = false;
  const alert = ask.querySelector('[role=alert]');
  if (alert && why !== undefined) fill(alert, element('p', { class: 'notice error' }, why));
  address.focus();
}

function codeParts(): HTMLElement[] {
  return [...confirm.querySelectorAll<HTMLElement>('#code, [for=code]')];
}

/** Nothing is kept that its owner does not say they keep. */
function offerToKeep(): void {
  if (document.getElementById('keep')) return;
  const keep: HTMLButtonElement = element(
    'button',
    {
      type: 'button',
      id: 'keep',
      onclick: () => {
        wishes.keepAccount = true;
        keep.remove();
        confirm.requestSubmit();
      },
    },
    t('Keep my account'),
  );
  confirm.querySelector('.primary')?.before(keep);
}

submits(
  ask,
  async () => {
    await send();
    nowTheCode(ask, confirm, t('If {address} belongs to an account, there is one with a code and a link.', { address: address.value }), send);
  },
  () => address,
);

submits(confirm, signIn, () => (next.required ? next : code));

keepReturnTo();

// Whoever is signed in does not need this page: here, or in another tab, where the link was opened.
client.subscribe((state) => {
  if (state.status === 'signed-in' && !areCodesShown()) goOn();
});
