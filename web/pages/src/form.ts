// A form of a page: one try at a time, and beside the button why it failed.

import { messageOf } from './call.ts';
import { element, fill } from './dom.ts';

/** Runs `work` when the form is sent. `blamed`: the field that a failure is about. */
export function submits(form: HTMLFormElement, work: () => Promise<void>, blamed: (error: unknown) => HTMLInputElement): void {
  const alert = form.querySelector('[role=alert]');
  const button = form.querySelector('.primary');
  if (!alert || !button) throw new Error('the form is not complete');

  const submitted = async (): Promise<void> => {
    fill(alert);
    button.setAttribute('aria-busy', 'true');
    try {
      await work();
    } catch (error) {
      fill(alert, element('p', { class: 'notice error' }, messageOf(error)));
      const field = blamed(error);
      field.select();
      field.focus();
    } finally {
      button.removeAttribute('aria-busy');
    }
  };

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (button.getAttribute('aria-busy') !== 'true') void submitted();
  });
}
