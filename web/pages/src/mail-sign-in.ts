// The page for signing in by mail: asks for one, shows the two digits, takes the code, and asks the server whether the link was opened
// elsewhere and lets this browser go on.

import { client } from './api.ts';
import { pathOf } from './base.ts';
import { field, newPasswordField, nowTheCode } from './by-mail.ts';
import { isCode, isOffline, post } from './call.ts';
import { byId, element } from './dom.ts';
import { submits } from './form.ts';
import { useCode } from './mail-code.ts';
import { returnTo } from './return-to.ts';
import { afterSignIn, keepReturnTo } from './site.ts';
import { startMail } from './start-mail.ts';
import { t } from './words.ts';

/** So often the server is asked; it says that more than once a second gains nothing. */
const BETWEEN_MS = 2_000;

const ask = byId<HTMLFormElement>('ask');
const confirm = byId<HTMLFormElement>('confirm');
const address = field(ask, 'email');
const code = field(confirm, 'code');
const next = newPasswordField(confirm);

/** What has to be said with the sign-in, once the server has asked for it. */
const wishes: { newPassword?: string; keepAccount?: boolean } = {};
/** When the mail is of no use any more. */
let end = 0;
/** Somebody has opened the link elsewhere and let this browser go on: no code is needed. */
let isApproved = false;
let isOver = false;

function goOn(): void {
  isOver = true;
  location.replace(returnTo(location.search, location.origin, pathOf) ?? afterSignIn ?? pathOf('login'));
}

async function send(): Promise<void> {
  const asked = await startMail<{ digits: string; expiresIn: number }>({ purpose: 'sign_in', address: address.value });
  byId('digits').textContent = asked.digits;
  const isWaiting = Date.now() < end;
  end = Date.now() + asked.expiresIn * 1000;
  if (!isWaiting) void wait();
}

/** Whether this browser is signed in now. */
async function poll(): Promise<boolean> {
  return 'accessToken' in (await post<object>('/api/email/poll', wishes));
}

/** Asks until somebody has let this browser go on, or the mail is too old. */
async function wait(): Promise<void> {
  while (!isOver && !isApproved && Date.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, BETWEEN_MS));
    try {
      if (await poll()) goOn();
    } catch (error) {
      if (isWish(error)) approved();
      else if (!isOffline(error)) return;
    }
  }
}

/** The proof is right, and something has to be said with it. */
function isWish(error: unknown): boolean {
  return isCode(error, 'password_change_required') || isCode(error, 'deletion_pending');
}

/** The form goes on without the code. It is sent once, so that it says what else is wanted. */
function approved(): void {
  isApproved = true;
  code.required = false;
  for (const part of [code, confirm.querySelector<HTMLElement>('[for=code]')]) if (part) part.hidden = true;
  confirm.requestSubmit();
}

async function signIn(): Promise<void> {
  if (next.required) wishes.newPassword = next.value;
  try {
    if (isApproved) {
      if (!(await poll())) throw new Error(t('This code is wrong, or not valid any more. Check it, or send another mail.'));
    } else {
      await useCode(code.value, wishes);
    }
  } catch (error) {
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
  if (state.status === 'signed-in' && !isOver) goOn();
});
