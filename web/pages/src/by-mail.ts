// What the pages share that end with a code from a mail: the first form asks for the mail, the second one takes the code.

import { byId, element, fill, showsLength, showsTyped } from './dom.ts';
import { messageOf } from './call.ts';
import { sendsAgain } from './mail-code.ts';
import { leastLength, passwordHint } from './site.ts';
import { t } from './words.ts';

/** The field of a form. */
export function field(form: HTMLFormElement, name: string): HTMLInputElement {
  return form.elements.namedItem(name) as HTMLInputElement;
}

/** Makes a form's field for a new password say how long it is, and show it. */
export function newPasswordField(form: HTMLFormElement): HTMLInputElement {
  const next = field(form, 'next');
  const show = form.querySelector<HTMLButtonElement>('.show');
  const length = form.querySelector<HTMLElement>('.length');
  if (!show || !length) throw new Error('the field of the password is not complete');
  showsTyped(show, next);
  showsLength(next, length, leastLength);
  byId('next-hint').textContent = passwordHint;
  return next;
}

/** Shows the form for the code instead of the first one. `said` is about the mail; `send` asks for another one. */
export function nowTheCode(first: HTMLFormElement, second: HTMLFormElement, said: string, send: () => Promise<void>): void {
  const say = (text: string): void => fill(byId('sent'), element('strong', {}, t('Look into your mail.')), ` ${text}`);
  first.hidden = true;
  second.hidden = false;
  say(said);
  sendsAgain(byId<HTMLButtonElement>('again'), async () => {
    try {
      await send();
      say(t('If another mail comes, use the code of that one.'));
    } catch (error) {
      say(messageOf(error));
    }
  });
  field(second, 'code').focus();
}
