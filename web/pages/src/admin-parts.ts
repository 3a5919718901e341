// What the three admin views share.

import { element } from './dom.ts';

/** Builds a view into `root`; the function that it returns stops what the view has started. */
export type View = (root: HTMLElement) => () => void;

/** A table that on narrow screens shows each row as a card. `label` names it for screen readers. */
export function table(label: string, columns: readonly string[], rows: HTMLTableSectionElement): HTMLElement {
  const headings = columns.map((name) => element('th', { scope: 'col' }, name));
  return element(
    'div',
    { class: 'table cards', tabindex: 0, role: 'region', 'aria-label': label },
    element('table', {}, element('thead', {}, element('tr', {}, ...headings)), rows),
  );
}

/** In place of a table without rows. */
export function emptyState(title: string, text: string, action?: HTMLElement): HTMLElement {
  return element('div', { class: 'empty' }, element('strong', {}, title), element('p', { class: 'muted' }, text), action);
}

/** The part of the address after the view's name: `#users?search=ada`. */
export function viewParameters(): URLSearchParams {
  return new URLSearchParams(location.hash.split('?')[1] ?? '');
}

/**
 * Writes it, without a new entry in the history: a reload and a shared link show the same. Does nothing once the address
 * names another view: a late response of the view that was left must not rewrite it.
 */
export function setViewParameters(view: string, parameters: Record<string, string>): void {
  const [name = ''] = location.hash.slice(1).split('?');
  if ((name || 'users') !== view) return;
  const query = new URLSearchParams(Object.entries(parameters).filter(([, value]) => value !== '')).toString();
  history.replaceState(null, '', query === '' ? `#${view}` : `#${view}?${query}`);
}
