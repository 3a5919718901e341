// A text field whose three parts have three colours: the coloured text lies under a field with
// transparent letters, so that editing, undo, paste and screen readers work as in any field.

import { element, fill } from './dom.ts';
import { tokenIn } from './token-text.ts';

export interface TokenEditor {
  readonly value: string;
  /** Shows another token without calling `changed`. */
  set(token: string): void;
}

export function tokenEditor(field: HTMLTextAreaElement, coloured: HTMLElement, changed: (token: string) => void): TokenEditor {
  function paint(): void {
    const parts = field.value.split('.');
    const names = ['jwt-header', 'jwt-payload', 'jwt-signature'];
    fill(
      coloured,
      ...parts.flatMap((part, index) => [index > 0 && '.', element('span', { class: names[index] ?? 'jwt-extra' }, part)]),
      // An empty last line has no height without a character in it.
      '\u200b',
    );
    coloured.scrollTop = field.scrollTop;
  }

  field.addEventListener('scroll', () => (coloured.scrollTop = field.scrollTop));
  // What is typed stays as it is: the cursor must not jump. Pasted and dropped text comes all at once.
  field.addEventListener('input', (event) => {
    const { inputType } = event as InputEvent;
    if (inputType === undefined || /^insertFrom(Paste|Drop)/.test(inputType)) tidy();
    paint();
    changed(field.value);
  });
  field.addEventListener('blur', () => {
    if (!tidy()) return;
    paint();
    changed(field.value);
  });

  function tidy(): boolean {
    const token = tokenIn(field.value);
    if (token === field.value) return false;
    field.value = token;
    return true;
  }

  paint();
  return {
    get value() {
      return field.value;
    },
    set(token) {
      if (field.value === token) return;
      field.value = token;
      paint();
    },
  };
}
