// Asks before edits are dropped: on the way out of a page, whichever that is, and when a dialog is closed.

import { confirmed } from './shell.ts';
import { t } from './words.ts';

export function isEdited(form: HTMLFormElement): boolean {
  return [...form.elements].some((field) => {
    if (field instanceof HTMLInputElement) return field.type === 'checkbox' ? field.checked !== field.defaultChecked : field.value !== field.defaultValue;
    return field instanceof HTMLTextAreaElement && field.value !== field.defaultValue;
  });
}

export function mayDiscard(): Promise<boolean> {
  return confirmed(t('Discard your changes? They are not saved.'), t('Discard'));
}

/** What is in the forms of the page now belongs to something that is gone: nothing asks about it. */
export function forgetEdits(): void {
  for (const form of document.forms) form.dataset['saved'] = '';
}

/** Puts the edits of a form into the one that has taken its place. */
export function carryEdits(from: HTMLFormElement, to: HTMLFormElement): void {
  if ('saved' in from.dataset || !isEdited(from)) return;
  for (const [index, field] of [...from.elements].entries()) {
    const place = to.elements[index];
    if (field instanceof HTMLInputElement && place instanceof HTMLInputElement && field.value !== field.defaultValue) place.value = field.value;
    if (field instanceof HTMLTextAreaElement && place instanceof HTMLTextAreaElement && field.value !== field.defaultValue) place.value = field.value;
  }
}

/** Asks before the page leaves `form` with edits in it, and has the browser ask before the tab closes. */
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
  kept.add(form);
}

const kept = new WeakSet<HTMLFormElement>();
let isAsking = false;

// Before every other listener of the window, which are called in the order in which they came: views and dialogs add theirs later.
addEventListener('hashchange', (event) => {
  const edited = [...document.forms].find((form) => kept.has(form) && !('saved' in form.dataset) && isEdited(form));
  if (edited) askBack(edited, event);
});

/** The browser has gone back or forward already: the page keeps its address and its view until the user has said what is meant. */
function askBack(form: HTMLFormElement, event: HashChangeEvent): void {
  event.stopImmediatePropagation();
  history.pushState(null, '', event.oldURL);
  if (isAsking) return;
  isAsking = true;
  void mayDiscard().then((may) => {
    isAsking = false;
    if (!may) return;
    form.dataset['saved'] = '';
    location.assign(event.newURL);
  });
}
