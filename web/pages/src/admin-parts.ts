// What the three admin views share.

import { element } from './dom.ts';

/** Builds a view into `root`; the function that it returns stops what the view has started. */
export type View = (root: HTMLElement) => () => void;

/** A table that scrolls on narrow screens. `label` names it for screen readers. */
export function table(label: string, columns: readonly string[], rows: HTMLTableSectionElement): HTMLElement {
  const headings = columns.map((name) => element('th', { scope: 'col' }, name));
  return element(
    'div',
    { class: 'table', tabindex: 0, role: 'region', 'aria-label': label },
    element('table', {}, element('thead', {}, element('tr', {}, ...headings)), rows),
  );
}
