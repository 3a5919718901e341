// Asks before edits are dropped: on the way out of a page, and when a dialog is closed.

import { confirmed } from './shell.ts';

export function isEdited(form: HTMLFormElement): boolean {
  return [...form.elements].some((field) => {
    if (field instanceof HTMLInputElement) return field.type === 'checkbox' ? field.checked !== field.defaultChecked : field.value !== field.defaultValue;
    return field instanceof HTMLTextAreaElement && field.value !== field.defaultValue;
  });
}

export function mayDiscard(): Promise<boolean> {
  return confirmed('Discard your changes? They are not saved.', 'Discard');
}

/** Asks before a link leads away from `form` with edits in it, and has the browser ask before the tab closes. */
export function keepsEdits(form: HTMLFormElement): void {
  const gone = new AbortController();
  const hasEdits = (): boolean => {
    if (form.isConnected) return !('saved' in form.dataset) && isEdited(form);
    gone.abort();
    return false;
  };
  addEventListener('beforeunload', (event) => hasEdits() && event.preventDefault(), { signal: gone.signal });
  const leaving = (event: MouseEvent): void => {
    const link = event.target instanceof Element ? event.target.closest<HTMLAnchorElement>('a[href]') : null;
    if (!link || link.target || event.ctrlKey || event.metaKey || event.shiftKey || !hasEdits()) return;
    event.preventDefault();
    void mayDiscard().then((may) => {
      if (!may) return;
      form.dataset['saved'] = '';
      location.assign(link.href);
    });
  };
  document.addEventListener('click', leaving, { signal: gone.signal });
}
