// What the admin views share.

import { isOffline } from './api.ts';
import { element } from './dom.ts';
import { clearMessage } from './shell.ts';

/** Builds a view into `root`; the function that it returns stops what the view has started. `from`: the hash before it. */
export type View = (root: HTMLElement, from: string) => () => void;

/** A table that on narrow screens shows each row as a card. `label` names it for screen readers. */
export function table(label: string, columns: readonly (string | HTMLElement)[], rows: HTMLTableSectionElement, kind = ''): HTMLElement {
  const headings = columns.map((name) => (typeof name === 'string' ? element('th', { scope: 'col' }, name) : name));
  return element(
    'div',
    { class: `table cards ${kind}`, tabindex: 0, role: 'region', 'aria-label': label },
    element('table', {}, element('thead', {}, element('tr', {}, ...headings)), rows),
  );
}

/** In place of a table without rows. */
export function emptyState(title: string, text: string, action?: HTMLElement): HTMLElement {
  return element('div', { class: 'empty' }, element('strong', {}, title), element('p', { class: 'muted' }, text), action);
}

/** A part of a page under a heading of its own. */
export function card(title: string, ...content: (Node | false)[]): HTMLElement {
  return element('section', { class: 'card' }, element('h2', {}, title), ...content);
}

const TRY_AGAIN_MS = 5_000;
/** The last work of each list: an earlier one is not its business any more. */
const latest = new WeakMap<HTMLElement, () => Promise<void>>();

/**
 * Dims `list` until `work` has replaced what it shows; after a failure too, because the old rows answer another question.
 * Without a connection the work is done again once there is one.
 */
export async function replacing(list: HTMLElement, work: () => Promise<void>): Promise<void> {
  latest.set(list, work);
  list.setAttribute('aria-busy', 'true');
  try {
    await work();
  } catch (error) {
    if (isOffline(error)) whenBack(() => void again(list, work));
    throw error;
  }
  if (latest.get(list) === work) list.removeAttribute('aria-busy');
}

async function again(list: HTMLElement, work: () => Promise<void>): Promise<void> {
  if (latest.get(list) !== work || !list.isConnected) return;
  // Of a failure the message is still there.
  await replacing(list, work).then(clearMessage, () => {});
}

/** The browser knows of its own connection only, and not of the server. */
function whenBack(go: () => void): void {
  const once = (): void => {
    clearTimeout(timer);
    removeEventListener('online', once);
    go();
  };
  const timer = setTimeout(once, TRY_AGAIN_MS);
  addEventListener('online', once);
}

/** The part of the address after the view's name: `#users?search=ada`. */
export function viewParameters(): URLSearchParams {
  return new URLSearchParams(location.hash.split('?')[1] ?? '');
}

/** The address of a view as it was left, in this tab. */
export function placeOf(view: string): string {
  return sessionStorage.getItem(`countersign-${view}`) ?? `#${view}`;
}

/**
 * Writes it, without a new entry in the history: a reload and a shared link show the same. Does nothing once the address
 * names another view: a late response of the view that was left must not rewrite it.
 */
export function setViewParameters(view: string, parameters: Record<string, string>): void {
  const [name = ''] = location.hash.slice(1).split('?');
  if ((name || 'overview') !== view) return;
  const query = new URLSearchParams(Object.entries(parameters).filter(([, value]) => value !== '')).toString();
  const place = query === '' ? `#${view}` : `#${view}?${query}`;
  sessionStorage.setItem(`countersign-${view}`, place);
  history.replaceState(null, '', place);
}
