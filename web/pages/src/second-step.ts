// The second step of a sign-in, on the page of the first one: the code of an authenticator, a passkey or a recovery code, or an authenticator or a
// passkey that has to be set up on the way in. Then it goes on as the first step would have.

import { CountersignError } from '@countersign/client';
import { offered } from './authenticator.ts';
import { isCode, messageOf, post } from './call.ts';
import { waitFor } from './countdown.ts';
import { byId, element, fill, showsLength, showsTyped } from './dom.ts';
import { codeOf, takesCode, type CodeField } from './factor-code.ts';
import { absolute } from './format.ts';
import { canUsePasskeys, passkeys } from './passkey-module.ts';
import { recoveryCodes } from './recovery-codes.ts';
import { leastLength, passwordHint } from './site.ts';
import type { FactorOffer } from './wire.ts';
import { plural, t } from './words.ts';

/** What the server says beside `second_factor_required`. */
export interface Due {
  readonly ticket: string;
  readonly methods: readonly string[];
  readonly mustEnrol: boolean;
  /** For how many seconds this device may be trusted; absent if it may not. */
  readonly trustFor?: number;
}

export interface FirstStep {
  readonly username?: string;
  /** What has been said with the first step, and has to be said again. */
  readonly wishes: { newPassword?: string; keepAccount?: boolean };
  /** Signed in. */
  readonly goOn: () => void;
  /** The first step is shown again; `why` says why, if it was not asked for. */
  readonly again: (why?: string) => void;
}

/** What the second step takes, if that is what the error is about. */
export function dueIn(error: unknown): Due | undefined {
  return isCode(error, 'second_factor_required') ? ((error as CountersignError).body as Due) : undefined;
}

/** Shows the second step in the place of the first one. */
export async function secondStep(due: Due, first: FirstStep): Promise<void> {
  const offer = due.mustEnrol ? await post<FactorOffer>('/api/login/factor/enrol', { ticket: due.ticket }) : undefined;
  const step = new Step(due, first, offer);
  step.show();
}

interface SignedIn {
  readonly recoveryCodes?: readonly string[];
  /** Takes the session up. Without it, the page that comes next does. */
  readonly accept?: () => unknown;
}

/** What was shown first is of no use any more. */
const OVER = ['second_factor_expired', 'second_factor_required', 'ticket_invalid', 'invalid_credentials'];

class Step {
  private readonly root = element('div', { id: 'second' });
  private readonly hidden: HTMLElement[] = [];
  private readonly alert = element('div', { role: 'alert' });
  private readonly submit = element('button', { class: 'primary' }, t('Sign in'));
  private readonly input = element('input', { id: 'second-code', name: 'code', inputmode: 'numeric', autocomplete: 'one-time-code', spellcheck: 'false', required: true, 'aria-describedby': 'second-hint' });
  private readonly name = element('input', { id: 'factor-name', name: 'factor-name', autocomplete: 'off', maxlength: 64, value: t('Phone') });
  private readonly trust = element('input', { id: 'trust', type: 'checkbox' });
  private readonly more = element('div', { class: 'stack' });
  private readonly form: HTMLFormElement;
  private code: CodeField | undefined;
  private newPassword: HTMLInputElement | undefined;
  private readonly passkey = element('button', { type: 'button', onclick: () => this.byPasskey() });
  /** Whether a passkey is asked for, or sent again with what else the server wants. */
  private isPasskey = false;
  private readonly wishes: FirstStep['wishes'];
  private readonly due: Due;
  private readonly first: FirstStep;
  private readonly offer: FactorOffer | undefined;

  constructor(due: Due, first: FirstStep, offer: FactorOffer | undefined) {
    this.due = due;
    this.first = first;
    this.offer = offer;
    this.wishes = { ...first.wishes };
    this.form = element('form', { class: 'stack', method: 'post' }, ...(offer ? this.enrolment(offer) : this.question()), ...this.trusting(), this.more, this.alert, this.submit, this.passkey);
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      if (this.submit.getAttribute('aria-busy') !== 'true') void this.submitted();
    });
    const back = element('button', { type: 'button', class: 'link again', onclick: () => this.restart() }, t('Back to sign in'));
    const title = offer ? t('Set up a second step') : t('Second step');
    this.root.append(element('h1', {}, title), this.form, element('p', { class: 'help' }, back));
  }

  show(): void {
    const main = byId('main');
    for (const child of main.children) {
      if (!(child instanceof HTMLElement) || child.hidden || child.classList.contains('brand')) continue;
      child.hidden = true;
      this.hidden.push(child);
    }
    main.append(this.root);
    (this.input.hidden ? this.passkey : this.input).focus();
  }

  private question(): HTMLElement[] {
    const label = element('label', { for: 'second-code' });
    const other = element('button', { type: 'button', class: 'link again' });
    const { methods } = this.due;
    const hasApp = methods.includes('totp');
    const hasPasskey = canUsePasskeys && methods.includes('passkey');
    this.code = takesCode(label, this.input, other, hasApp);
    other.hidden = !hasApp || !methods.includes('recovery_code');
    this.passkey.textContent = hasApp ? t('Use a passkey instead') : t('Use a passkey');
    this.passkey.hidden = !hasPasskey;
    const codeParts = [label, this.input, this.submit];
    const hint = element('p', { id: 'second-hint', class: 'muted' }, t('This account is protected by a second step.'));
    if (hasApp || !hasPasskey) return [hint, label, this.input, element('p', {}, other)];
    // The passkey first; the field for a recovery code comes when it is asked for.
    for (const part of codeParts) part.hidden = true;
    this.passkey.className = 'primary';
    const instead = element('button', { type: 'button', class: 'link again', hidden: !methods.includes('recovery_code') }, t('Use a recovery code instead'));
    instead.addEventListener('click', () => {
      for (const part of codeParts) part.hidden = false;
      instead.hidden = true;
      this.passkey.className = '';
      this.input.focus();
    });
    return [hint, label, this.input, element('p', {}, instead)];
  }

  private enrolment(offer: FactorOffer): HTMLElement[] {
    this.passkey.textContent = t('Set up a passkey instead');
    this.passkey.hidden = !canUsePasskeys;
    return [
      element('p', {}, t('This account needs an authenticator. Each time you sign in, it shows you a new code.')),
      offered(offer),
      element('label', { for: 'factor-name' }, t('Name of the authenticator')),
      this.name,
      element('label', { for: 'second-code' }, t('The code that it shows')),
      this.input,
      element('p', { id: 'second-hint', class: 'muted' }, t('Six digits, another six every 30 seconds.')),
    ];
  }

  private trusting(): HTMLElement[] {
    const days = Math.round((this.due.trustFor ?? 0) / 86_400);
    if (days < 1) return [];
    return [element('div', { class: 'check' }, this.trust, element('label', { for: 'trust' }, plural(days, 'Trust this device for {n} day', 'Trust this device for {n} days')))];
  }

  /** No code is needed then. */
  private byPasskey(): void {
    this.isPasskey = true;
    this.input.required = false;
    this.input.value = '';
    this.form.requestSubmit();
  }

  private async submitted(): Promise<void> {
    fill(this.alert);
    // Whoever types a code after all means it.
    const button = this.isPasskey && this.input.value === '' ? this.passkey : this.submit;
    button.setAttribute('aria-busy', 'true');
    try {
      if (this.newPassword) this.wishes.newPassword = this.newPassword.value;
      const { recoveryCodes = [], accept } = button === this.passkey ? await this.withPasskey() : await this.withCode();
      if (recoveryCodes.length > 0) this.showCodes(recoveryCodes, accept);
      else this.first.goOn();
    } catch (error) {
      this.refused(error);
    } finally {
      button.removeAttribute('aria-busy');
    }
  }

  private withCode(): Promise<SignedIn> {
    return post<SignedIn>('/api/login/factor', {
      ticket: this.due.ticket,
      ...(this.code ? this.code.shown() : { code: codeOf(this.input.value), enrolment: this.offer?.enrolment, name: this.name.value.trim() }),
      trustDevice: this.trust.checked,
      ...this.wishes,
    });
  }

  private async withPasskey(): Promise<SignedIn> {
    const module = await passkeys();
    const wishes = { trustDevice: this.trust.checked, ...this.wishes };
    if (this.offer) return module.enrolOnTheWayIn(this.due.ticket, t('Passkey'), wishes);
    await module.secondStep(this.due.ticket, wishes);
    return {};
  }

  private showCodes(codes: readonly string[], accept?: () => unknown): void {
    const kept = (): void => {
      accept?.();
      this.first.goOn();
    };
    fill(this.root, recoveryCodes(codes, { username: this.first.username, heading: 'h1' }, kept));
    this.root.querySelector('h1')?.focus();
  }

  private refused(error: unknown): void {
    const isWanted = isCode(error, 'password_change_required') || isCode(error, 'deletion_pending') || (error instanceof CountersignError && error.status === 422);
    if (this.isPasskey && !isWanted) {
      this.isPasskey = false;
      this.input.required = true;
    }
    if (error instanceof CountersignError && OVER.includes(error.code)) {
      this.restart(t('Too much time has passed, or something has changed. Sign in again.'));
    } else if (isCode(error, 'password_change_required')) {
      this.say(t('You need a new password. Choose one to sign in.'), 'info');
      this.newPassword ??= this.addNewPassword();
      this.newPassword.focus();
    } else if (isCode(error, 'deletion_pending')) {
      this.offerToKeep(((error as CountersignError).body as { deletionAt: string }).deletionAt);
    } else if (error instanceof CountersignError && error.retryAfterMs !== undefined) {
      waitFor(messageOf(error), Math.ceil(error.retryAfterMs / 1000), this.submit, (text, kind) => this.say(text, kind));
    } else {
      this.say(messageOf(error), 'error');
      if (this.input.hidden) return;
      const field = error instanceof CountersignError && error.status === 422 ? (this.newPassword ?? this.input) : this.input;
      field.select();
      field.focus();
    }
  }

  private say(text: string, kind: 'error' | 'info'): void {
    fill(this.alert, element('p', { class: `notice ${kind}` }, text));
  }

  private addNewPassword(): HTMLInputElement {
    const field = element('input', { id: 'second-password', name: 'new-password', type: 'password', autocomplete: 'new-password', required: true, 'aria-describedby': 'second-password-hint' });
    const button = element('button', { type: 'button', class: 'show', 'aria-pressed': 'false', 'aria-label': t('Show new password') }, t('Show'));
    const length = element('span', { class: 'muted length' });
    this.more.append(
      element('div', { class: 'row spread' }, element('label', { for: 'second-password' }, t('New password')), length),
      element('div', { class: 'with-button' }, field, button),
      element('p', { id: 'second-password-hint', class: 'muted' }, passwordHint),
    );
    showsTyped(button, field);
    showsLength(field, length, leastLength);
    this.submit.textContent = t('Save and sign in');
    this.submit.hidden = false;
    return field;
  }

  /** Nothing is kept that its owner does not say they keep. */
  private offerToKeep(deletionAt: string): void {
    const keep = element('button', { type: 'button' }, t('Keep my account'));
    keep.addEventListener('click', () => {
      this.wishes.keepAccount = true;
      fill(this.alert);
      this.form.requestSubmit();
    });
    const text = t('This account is going to be deleted on {date}, as you have asked. You can still keep it.', { date: absolute(new Date(deletionAt)) });
    fill(this.alert, element('div', { class: 'stack' }, element('p', { class: 'notice' }, text), keep));
    keep.focus();
  }

  private restart(why?: string): void {
    this.root.remove();
    for (const part of this.hidden) part.hidden = false;
    this.first.again(why);
  }
}
