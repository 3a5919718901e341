// What is still wanted after a right passkey, in the place of the sign-in form: a new password, or that the account is kept. The passkey is not asked for
// again.

import { CountersignError } from '@countersign/client';
import type { SignInWishes } from '@countersign/client/passkeys';
import { isCode, isOffline, messageOf } from './call.ts';
import { byId, element, fill, showsLength, showsTyped } from './dom.ts';
import { absolute } from './format.ts';
import { leastLength, passwordHint } from './site.ts';
import { t } from './words.ts';

/** What the server takes the passkey with. */
const WANTED = ['password_change_required', 'deletion_pending'];

export interface WithMore {
  readonly again: (wishes: SignInWishes) => Promise<unknown>;
  /** The first form is there again; `why` says why, if it was not asked for. */
  readonly closed: (why?: unknown) => void;
}

/** Shows it, and signs in again with it. */
export function moreIsWanted(first: CountersignError, { again, closed }: WithMore): void {
  const wishes: { newPassword?: string; keepAccount?: boolean } = {};
  const hidden = [...byId('main').children].filter((child): child is HTMLElement => child instanceof HTMLElement && !child.hidden && !child.classList.contains('brand'));
  const root = element('div', { id: 'more' });
  let next: HTMLInputElement | undefined;

  function close(): void {
    root.remove();
    for (const part of hidden) part.hidden = false;
  }

  function show(error: CountersignError): void {
    const wantsPassword = isCode(error, 'password_change_required');
    const button = element('button', { class: 'primary' }, wantsPassword ? t('Save and sign in') : t('Keep my account'));
    const alert = element('div', { role: 'alert' });
    const form = element('form', { class: 'stack', method: 'post' }, ...(wantsPassword ? passwordParts() : []), alert, button);
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      if (button.getAttribute('aria-busy') === 'true') return;
      if (!wantsPassword) wishes.keepAccount = true;
      if (next) wishes.newPassword = next.value;
      void send(button, alert);
    });
    const text = wantsPassword
      ? t('You need a new password. Choose one to sign in.')
      : t('This account is going to be deleted on {date}, as you have asked. You can still keep it.', { date: absolute(new Date((error.body as { deletionAt: string }).deletionAt)) });
    const back = (): void => {
      close();
      byId('username').focus();
      closed();
    };
    fill(
      root,
      element('h1', {}, wantsPassword ? t('Choose a new password') : t('Sign in')),
      element('p', { class: 'notice', role: 'status' }, text),
      form,
      element('p', { class: 'help' }, element('button', { type: 'button', class: 'link again', onclick: back }, t('Back to sign in'))),
    );
    (wantsPassword ? next : button)?.focus();
  }

  function passwordParts(): HTMLElement[] {
    next = element('input', { id: 'more-password', name: 'new-password', type: 'password', autocomplete: 'new-password', required: true, 'aria-describedby': 'more-hint' });
    const button = element('button', { type: 'button', class: 'show', 'aria-pressed': 'false', 'aria-label': t('Show new password') }, t('Show'));
    const length = element('span', { class: 'muted length' });
    showsTyped(button, next);
    showsLength(next, length, leastLength);
    return [
      element('div', { class: 'row spread' }, element('label', { for: 'more-password' }, t('New password')), length),
      element('div', { class: 'with-button' }, next, button),
      element('p', { id: 'more-hint', class: 'muted' }, passwordHint),
    ];
  }

  async function send(button: HTMLButtonElement, alert: HTMLElement): Promise<void> {
    fill(alert);
    button.setAttribute('aria-busy', 'true');
    try {
      await again(wishes);
    } catch (error) {
      refused(error, alert);
    } finally {
      button.removeAttribute('aria-busy');
    }
  }

  function refused(error: unknown, alert: HTMLElement): void {
    const isRefusal = error instanceof CountersignError;
    if (isRefusal && WANTED.includes(error.code)) {
      show(error);
    } else if (isRefusal && (error.status === 422 || error.status === 429 || isOffline(error) || error.status >= 500)) {
      fill(alert, element('p', { class: 'notice error' }, messageOf(error)));
      next?.focus();
    } else {
      close();
      closed(error);
    }
  }

  for (const part of hidden) part.hidden = true;
  byId('main').append(root);
  show(first);
}
