// Builds elements. Text goes in as text nodes only: no markup is ever parsed, so nothing that a user
// typed can become code.

import { plural, t } from './words.ts';

type Attributes = Record<string, string | number | boolean | ((event: Event) => void) | undefined>;
type Child = Node | string | null | undefined | false;

/** `element('button', { type: 'button', onclick: save }, 'Save')` */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, '');
    else if (value !== false && value !== undefined) node.setAttribute(name, String(value));
  }
  node.append(...children.filter((child): child is Node | string => child instanceof Node || typeof child === 'string'));
  return node;
}

/** The element with this ID. Throws if the page's HTML does not have it. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`this page has no #${id}`);
  return found as T;
}

/** Makes `button` show and hide the text of a password field. */
export function showsTyped(button: HTMLButtonElement, field: HTMLInputElement): void {
  button.addEventListener('click', () => {
    const isShown = button.getAttribute('aria-pressed') === 'true';
    field.type = isShown ? 'password' : 'text';
    button.setAttribute('aria-pressed', String(!isShown));
  });
}

/** Says in `note` how long the new password is so far: "12 of 15 characters". */
export function showsLength(field: HTMLInputElement, note: HTMLElement, least: number): void {
  const show = (): void => {
    const length = [...field.value.normalize('NFC')].length;
    note.textContent = length === 0 ? '' : length < least ? t('{n} of {least} characters', { n: length, least }) : plural(length, '{n} character', '{n} characters');
    note.classList.toggle('enough', length >= least);
  };
  field.addEventListener('input', show);
  // After the form has emptied the field.
  field.form?.addEventListener('reset', () => setTimeout(show));
}

/** Copies `content`; the button that was pressed says so for a moment. */
export async function copyFrom(button: HTMLButtonElement, content: string): Promise<void> {
  await navigator.clipboard.writeText(content);
  const text = button.textContent;
  button.textContent = t('Copied');
  setTimeout(() => (button.textContent = text), 1500);
}

/** Replaces the children of `parent`. */
export function fill(parent: Element, ...children: Child[]): void {
  parent.replaceChildren(...children.filter((child): child is Node | string => child instanceof Node || typeof child === 'string'));
}
