// A dialog with a few fields. It stays open and shows the reason when the server refuses the input.

import { messageOf } from './api.ts';
import { element, fill } from './dom.ts';

export interface Field {
  readonly name: string;
  readonly label: string;
  /** `check` is a checkbox: it is among the values only if it is ticked. */
  readonly type?: 'text' | 'password' | 'json' | 'check';
  readonly value?: string;
  readonly autocomplete: AutoFill;
  readonly required?: boolean;
  /** Shown below it. */
  readonly hint?: string;
}

export interface FormDialog {
  readonly title: string;
  /** Beside the title. */
  readonly state?: Node;
  readonly submit: string;
  readonly fields: readonly Field[];
  /** Shown below the fields. */
  readonly extra?: Node;
  readonly save: (values: Record<string, string>) => Promise<void>;
}

let count = 0;

export function openForm({ title, state, submit, fields, extra, save }: FormDialog): HTMLDialogElement {
  const error = element('div', { role: 'alert' });
  const button = element('button', { class: 'primary' }, submit);
  const form = element(
    'form',
    { method: 'dialog', class: 'stack' },
    element('div', { class: 'row' }, element('h2', { id: `dialog-${++count}` }, title), state),
    ...fields.flatMap((field) => {
      const label = element('label', { for: `field-${count}-${field.name}` }, field.label);
      return field.type === 'check' ? [element('div', { class: 'check' }, input(field), label)] : [label, input(field), field.hint !== undefined && element('p', { id: `field-${count}-${field.name}-hint`, class: 'muted' }, field.hint)];
    }),
    error,
    element('div', { class: 'row end' }, element('button', { type: 'button', class: 'quiet', onclick: () => dialog.close() }, 'Cancel'), button),
  );
  const dialog = element('dialog', { 'aria-labelledby': `dialog-${count}`, onclose: () => dialog.remove() }, form, extra);

  async function submitted(): Promise<void> {
    fill(error);
    button.setAttribute('aria-busy', 'true');
    try {
      const values = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value)]));
      await save(values);
      dialog.close();
    } catch (cause) {
      fill(error, element('p', { class: 'notice error' }, messageOf(cause)));
    } finally {
      button.removeAttribute('aria-busy');
    }
  }

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (button.getAttribute('aria-busy') !== 'true') void submitted();
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

function input({ name, type = 'text', value = '', autocomplete, required = false, hint }: Field): HTMLElement {
  const common = { id: `field-${count}-${name}`, name, required, spellcheck: 'false', autocapitalize: 'none', 'aria-describedby': hint !== undefined && `field-${count}-${name}-hint` };
  if (type === 'check') return element('input', { ...common, type: 'checkbox' });
  if (type !== 'json') return element('input', { ...common, type, value, autocomplete });
  return element('textarea', { ...common, rows: 5, class: 'code', autocomplete }, value);
}
