// What somebody types of a second factor: the six digits of an authenticator, or a recovery code in their place.

import { t } from './words.ts';

/** As the API takes it. */
export type Shown = { readonly code: string } | { readonly recoveryCode: string };

/** The digits of "123 456". Throws if they are no code. */
export function codeOf(typed: string): string {
  const code = typed.replace(/[\s\u2010-\u2015-]/gu, '');
  if (!/^\d{6}$/.test(code)) throw new Error(t('The code has six digits.'));
  return code;
}

/** A field for either of the two. */
export interface CodeField {
  /** Changes between the two. */
  readonly other: HTMLButtonElement;
  /** What is typed. Throws if it is no code. */
  shown(): Shown;
}

/**
 * Makes `input` one for the code of an authenticator, and `other` the button that makes it one for a recovery code and back. Who has no `app` for codes
 * has recovery codes only.
 */
export function takesCode(label: HTMLElement, input: HTMLInputElement, other: HTMLButtonElement, app = true): CodeField {
  let isRecovery = !app;
  other.hidden = !app;
  const show = (): void => {
    label.textContent = isRecovery ? t('Recovery code') : t('Code from your authenticator');
    other.textContent = isRecovery ? t('Use your authenticator instead') : t('Use a recovery code instead');
    input.value = '';
    input.inputMode = isRecovery ? 'text' : 'numeric';
    input.autocomplete = isRecovery ? 'off' : 'one-time-code';
    input.maxLength = isRecovery ? 40 : 12;
  };
  input.spellcheck = false;
  input.setAttribute('autocapitalize', 'none');
  other.addEventListener('click', () => {
    isRecovery = !isRecovery;
    show();
    input.focus();
  });
  show();
  return { other, shown: () => (isRecovery ? { recoveryCode: input.value.trim() } : { code: codeOf(input.value) }) };
}
