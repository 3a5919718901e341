// A dialog with a few fields. It stays open and shows the reason when the server refuses the input.

import { messageOf } from './api.ts';
import { copyFrom, element, fill, showsTyped } from './dom.ts';
import { newPassword } from './password-maker.ts';
import { clearMessage } from './shell.ts';
import { t } from './words.ts';
import { isEdited, keepsEdits, mayDiscard } from './unsaved.ts';

export interface Field {
  readonly name: string;
  readonly label: string;
  /**
   * `check` is a checkbox: it is among the values only if it is ticked. `own-password` is one that its owner knows, `password` one for
   * somebody. `code` is that of a mail.
   */
  readonly type?: 'text' | 'email' | 'password' | 'own-password' | 'code' | 'json' | 'check';
  readonly value?: string;
  readonly autocomplete: AutoFill;
  readonly required?: boolean;
  /** Shown below it. */
  readonly hint?: string;
  /** The `<datalist>` of suggestions. */
  readonly list?: string;
}

export interface FormDialog {
  readonly title: string;
  readonly submit: string;
  /** What will happen. */
  readonly explanation?: string;
  /** What is shown below that. */
  readonly content?: HTMLElement;
  /** It takes something away. */
  readonly isDanger?: boolean;
  readonly fields: readonly Field[];
  /** Something else that can be done, below them. */
  readonly aside?: HTMLElement;
  /** `false`: it is not done, and the dialog stays. */
  readonly save: (values: Record<string, string>) => Promise<boolean | void>;
}

let count = 0;

export function openForm({ title, submit, explanation, content, isDanger = false, fields, aside, save }: FormDialog): HTMLDialogElement {
  const error = element('div', { role: 'alert' });
  const button = element('button', { class: isDanger ? 'danger' : 'primary' }, submit);
  const form = element(
    'form',
    { method: 'dialog', class: 'stack' },
    element('h2', { id: `dialog-${++count}` }, title),
    explanation !== undefined && element('p', {}, explanation),
    content,
    ...fields.flatMap((field) => {
      const label = element('label', { for: `field-${count}-${field.name}` }, field.label);
      return field.type === 'check' ? [element('div', { class: 'check' }, input(field), label)] : [label, input(field), field.hint !== undefined && element('p', { id: `field-${count}-${field.name}-hint`, class: 'muted' }, field.hint)];
    }),
    error,
    aside,
    element('div', { class: 'row end' }, element('button', { type: 'button', class: 'quiet', onclick: () => void leave() }, t('Cancel')), button),
  );
  const gone = new AbortController();
  const removed = (): void => {
    gone.abort();
    dialog.remove();
  };
  const dialog = element('dialog', { 'aria-labelledby': `dialog-${count}`, onclose: removed }, form);

  async function leave(): Promise<void> {
    if (!isEdited(form) || (await mayDiscard())) dialog.close();
  }

  async function submitted(): Promise<void> {
    fill(error);
    clearMessage();
    button.setAttribute('aria-busy', 'true');
    try {
      const values = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value)]));
      if ((await save(values)) !== false) dialog.close();
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
  dialog.addEventListener('cancel', (event) => {
    event.preventDefault();
    void leave();
  });
  keepsEdits(form);
  // It belongs to the view behind it.
  addEventListener('hashchange', () => dialog.close(), { signal: gone.signal });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

function input({ name, label, type = 'text', value = '', autocomplete, required = false, hint, list }: Field): HTMLElement {
  const common = { id: `field-${count}-${name}`, name, required, spellcheck: 'false', autocapitalize: 'none', 'aria-describedby': hint !== undefined && `field-${count}-${name}-hint` };
  if (type === 'check') return element('input', { ...common, type: 'checkbox' });
  if (type === 'password') return passwordField(element('input', { ...common, type, value, autocomplete }), label);
  if (type === 'own-password') return ownPasswordField(element('input', { ...common, type: 'password', value, autocomplete }), label);
  if (type === 'code') return element('input', { ...common, inputmode: 'numeric', autocomplete });
  if (type !== 'json') return element('input', { ...common, type, value, autocomplete, list });
  return element('textarea', { ...common, rows: 5, class: 'code', autocomplete }, value);
}

/** For a password that is typed from memory, or by a password manager. */
function ownPasswordField(field: HTMLInputElement, label: string): HTMLElement {
  const show = element('button', { type: 'button', class: 'show', 'aria-pressed': 'false', 'aria-label': t('Show: {label}', { label }) }, t('Show'));
  showsTyped(show, field);
  return element('div', { class: 'with-button' }, field, show);
}

/** For a password that somebody else gets: it can be seen, made and copied. */
function passwordField(field: HTMLInputElement, label: string): HTMLElement {
  const show = element('button', { type: 'button', class: 'show', 'aria-pressed': 'false', 'aria-label': t('Show: {label}', { label }) }, t('Show'));
  showsTyped(show, field);
  const generate = (): void => {
    field.value = newPassword();
    if (field.type === 'password') show.click();
  };
  const copy = element('button', { type: 'button', class: 'quiet small', 'aria-label': t('Copy: {label}', { label }), onclick: () => void copyFrom(copy, field.value) }, t('Copy'));
  return element(
    'div',
    { class: 'row password' },
    element('div', { class: 'with-button grow' }, field, show),
    element('button', { type: 'button', class: 'small', onclick: generate }, t('Generate')),
    copy,
  );
}
