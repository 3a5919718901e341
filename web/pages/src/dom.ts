// Builds elements. Text goes in as text nodes only: no markup is ever parsed, so nothing that a user
// typed can become code.

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

/** Makes `button` show and hide the text of password fields. */
export function showsTyped(button: HTMLButtonElement, ...fields: HTMLInputElement[]): void {
  button.addEventListener('click', () => {
    const isShown = button.getAttribute('aria-pressed') === 'true';
    for (const field of fields) field.type = isShown ? 'password' : 'text';
    button.setAttribute('aria-pressed', String(!isShown));
  });
}

/** Copies `content`; the button that was pressed says so for a moment. */
export async function copyFrom(button: HTMLButtonElement, content: string): Promise<void> {
  await navigator.clipboard.writeText(content);
  const text = button.textContent;
  button.textContent = 'Copied';
  setTimeout(() => (button.textContent = text), 1500);
}

/** Replaces the children of `parent`. */
export function fill(parent: Element, ...children: Child[]): void {
  parent.replaceChildren(...children.filter((child): child is Node | string => child instanceof Node || typeof child === 'string'));
}
