// New recovery codes: they are shown once, and the page is not left before their owner says that they have kept them.

import { copyFrom, element } from './dom.ts';
import { productName } from './site.ts';
import { t } from './words.ts';

let open = 0;

/** Whether codes are shown now, which nobody has said that they have kept. */
export function areCodesShown(): boolean {
  return open > 0;
}

addEventListener('beforeunload', (event) => areCodesShown() && event.preventDefault());

/** The codes under a heading of the given level, with ways to keep them; `kept` goes on once their owner has. */
export function recoveryCodes(codes: readonly string[], of: { readonly username?: string | undefined; readonly heading: 'h1' | 'h2' }, kept: () => void): HTMLFormElement {
  open++;
  const title = element(of.heading, { id: 'codes-title', tabindex: -1 }, t('Your recovery codes'));
  const copy: HTMLButtonElement = element('button', { type: 'button', class: 'small', onclick: () => void copyFrom(copy, codes.join('\n')) }, t('Copy'));
  const form = element(
    'form',
    { class: 'stack codes', method: 'dialog' },
    title,
    element('p', {}, t('Each of them signs you in once, in the place of your authenticator, when you have lost it. They are never shown again: keep them where others do not find them, and not only on the device with the authenticator.')),
    element('ul', { class: 'recovery', 'aria-labelledby': 'codes-title' }, ...codes.map((code) => element('li', {}, element('code', {}, code)))),
    element(
      'div',
      { class: 'row' },
      copy,
      element('button', { type: 'button', class: 'small', onclick: () => save(codes, of.username) }, t('Download')),
      element('button', { type: 'button', class: 'small', onclick: () => print() }, t('Print')),
    ),
    element('div', { class: 'check' }, element('input', { id: 'kept', type: 'checkbox', required: true }), element('label', { for: 'kept' }, t('I have kept these codes.'))),
    element('button', { class: 'primary' }, t('Continue')),
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    open--;
    kept();
  });
  return form;
}

/** Shows them over the page. */
export function showRecoveryCodes(codes: readonly string[], username: string | undefined): Promise<void> {
  return new Promise((resolve) => {
    let isKept = false;
    const form = recoveryCodes(codes, { username, heading: 'h2' }, () => {
      isKept = true;
      dialog.close();
    });
    const closed = (): void => {
      // A browser lets people close a dialog that asks them not to.
      if (!isKept) {
        dialog.showModal();
        return;
      }
      dialog.remove();
      resolve();
    };
    const dialog = element('dialog', { 'aria-labelledby': 'codes-title', oncancel: (event) => event.preventDefault(), onclose: closed }, form);
    document.body.append(dialog);
    dialog.showModal();
    form.querySelector('h2')?.focus();
  });
}

function save(codes: readonly string[], username: string | undefined): void {
  const of = [location.host, username].filter((part) => part !== undefined).join(' · ');
  const text = [productName, of, '', ...codes, ''].join('\r\n');
  const href = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
  element('a', { href, download: 'recovery-codes.txt' }).click();
  // The browser has taken it by then.
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}
