// The second step of a sign-in, on the page of the first one: the code of an authenticator or a recovery code, or an authenticator that
// has to be set up on the way in. Then it goes on as the first step would have.

import { CountersignError } from '@countersign/client';
import { offered } from './authenticator.ts';
import { isCode, messageOf, post } from './call.ts';
import { waitFor } from './countdown.ts';
import { byId, element, fill, showsLength, showsTyped } from './dom.ts';
import { codeOf, takesCode, type CodeField } from './factor-code.ts';
import { absolute } from './format.ts';
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
  private readonly wishes: FirstStep['wishes'];
  private readonly due: Due;
  private readonly first: FirstStep;
  private readonly offer: FactorOffer | undefined;

  constructor(due: Due, first: FirstStep, offer: FactorOffer | undefined) {
    this.due = due;
    this.first = first;
    this.offer = offer;
    this.wishes = { ...first.wishes };
    this.form = element('form', { class: 'stack', method: 'post' }, ...(offer ? this.enrolment(offer) : this.question()), ...this.trusting(), this.more, this.alert, this.submit);
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
    this.input.focus();
  }

  private question(): HTMLElement[] {
    const label = element('label', { for: 'second-code' });
    const other = element('button', { type: 'button', class: 'link again' });
    this.code = takesCode(label, this.input, other);
    other.hidden = !this.due.methods.includes('recovery_code');
    return [element('p', { id: 'second-hint', class: 'muted' }, t('This account is protected by a second step.')), label, this.input, element('p', {}, other)];
  }

  private enrolment(offer: FactorOffer): HTMLElement[] {
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

  private async submitted(): Promise<void> {
    fill(this.alert);
    this.submit.setAttribute('aria-busy', 'true');
    try {
      if (this.newPassword) this.wishes.newPassword = this.newPassword.value;
      const { recoveryCodes } = await post<{ recoveryCodes?: readonly string[] }>('/api/login/factor', {
        ticket: this.due.ticket,
        ...(this.code ? this.code.shown() : { code: codeOf(this.input.value), enrolment: this.offer?.enrolment, name: this.name.value.trim() }),
        trustDevice: this.trust.checked,
        ...this.wishes,
      });
      if (recoveryCodes && recoveryCodes.length > 0) this.showCodes(recoveryCodes);
      else this.first.goOn();
    } catch (error) {
      this.refused(error);
    } finally {
      this.submit.removeAttribute('aria-busy');
    }
  }

  private showCodes(codes: readonly string[]): void {
    fill(this.root, recoveryCodes(codes, { username: this.first.username, heading: 'h1' }, () => this.first.goOn()));
    this.root.querySelector('h1')?.focus();
  }

  private refused(error: unknown): void {
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
