// The form that changes the password. The server decides whether it is good enough, and says why not.

import { CountersignError } from '@countersign/client';
import { api, messageOf } from './api.ts';
import { element, fill, showsLength, showsTyped } from './dom.ts';
import { showPasskey, submitsWithout } from './owner-proof.ts';
import { clearMessage } from './shell.ts';
import { leastLength } from './site.ts';
import { t } from './words.ts';

/** `usePasskey` is the button for a passkey in the place of the current password. */
export function passwordForm(form: HTMLFormElement, usePasskey: HTMLButtonElement, done: () => Promise<void>): void {
  const current = form.elements.namedItem('current') as HTMLInputElement;
  const next = form.elements.namedItem('next') as HTMLInputElement;
  const shows = form.querySelectorAll<HTMLButtonElement>('.show');
  const length = form.querySelector<HTMLElement>('.length');
  const error = form.querySelector<HTMLElement>('[role=alert]');
  const submit = form.querySelector<HTMLButtonElement>('button:not([type=button])');
  if (!length || !error || !submit) throw new Error('the password form is not complete');

  const isWithoutPassword = submitsWithout(current, usePasskey);

  const change = async (): Promise<void> => {
    fill(error);
    clearMessage();
    submit.setAttribute('aria-busy', 'true');
    const isWithout = isWithoutPassword();
    try {
      if (isWithout) await showPasskey(current.value);
      await api('PUT', '/api/password', { ...(!(isWithout && current.value === '') && { currentPassword: current.value }), newPassword: next.value });
      form.reset();
      await done();
    } catch (cause) {
      const isCurrent = cause instanceof CountersignError && cause.code === 'wrong_password';
      fill(error, element('p', { class: 'notice error' }, isCurrent ? t('The current password is wrong.') : messageOf(cause)));
      (isCurrent ? current : next).focus();
    } finally {
      submit.removeAttribute('aria-busy');
    }
  };

  for (const [index, field] of [current, next].entries()) {
    const button = shows[index];
    if (button) showsTyped(button, field);
  }
  showsLength(next, length, leastLength);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (submit.getAttribute('aria-busy') !== 'true') void change();
  });
}
