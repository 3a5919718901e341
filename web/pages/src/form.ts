// A form of a page: one try at a time, and beside the button why it failed.

import { messageOf } from './call.ts';
import { element, fill } from './dom.ts';

/** Runs `work` when the form is sent. `blame`: the field that a failure is about. */
export function submits(form: HTMLFormElement, work: () => Promise<void>, blame: (error: unknown) => HTMLInputElement | undefined = () => undefined): void {
  const alert = form.querySelector('[role=alert]');
  const button = form.querySelector('.primary');
  if (!alert || !button) throw new Error('the form is not complete');

  async function submitted(): Promise<void> {
    fill(alert as Element);
    button?.setAttribute('aria-busy', 'true');
    try {
      await work();
    } catch (error) {
      fill(alert as Element, element('p', { class: 'notice error' }, messageOf(error)));
      const field = blame(error);
      field?.select();
      field?.focus();
    } finally {
      button?.removeAttribute('aria-busy');
    }
  }

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (button.getAttribute('aria-busy') !== 'true') void submitted();
  });
}
