// A text field whose three parts have three colours: the coloured text lies under a field with
// transparent letters, so that editing, undo, paste and screen readers work as in any field.

import { element, fill } from './dom.ts';

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
  }

  field.addEventListener('input', () => {
    paint();
    changed(field.value);
  });
  // People copy tokens with their surroundings: a header name, quotes, line breaks of an e-mail.
  field.addEventListener('paste', (event) => {
    const text = event.clipboardData?.getData('text') ?? '';
    const token = text.replace(/^\s*(?:authorization:\s*)?(?:bearer\s+)?["']?/i, '').replace(/["';,]?\s*$/, '').replace(/\s+/g, '');
    if (token === text) return;
    event.preventDefault();
    field.setRangeText(token, field.selectionStart, field.selectionEnd, 'end');
    field.dispatchEvent(new Event('input'));
  });
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
