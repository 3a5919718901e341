// The code of a mail: what is said about a wrong one, and the button that asks for another mail.

import { isCode } from './call.ts';
import { countDown, span } from './countdown.ts';
import { t } from './words.ts';

/** The server sends one mail a minute to an address (EM-6), and says nothing of those that it does not send. */
const BETWEEN_S = 60;

/** Uses the code of a mail, and says what is wrong with it. */
export async function withCode<T>(use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (error) {
    if (isCode(error, 'not_a_code')) throw new Error(t('The code has eight digits.'));
    if (isCode(error, 'ticket_invalid')) throw new Error(wrongCode());
    throw error;
  }
}

export function wrongCode(): string {
  return t('This code is wrong, or not valid any more. Check it, or send another mail.');
}

/** Makes `button` ask for another mail, once in a minute, from a minute after the first one. */
export function sendsAgain(button: HTMLButtonElement, send: () => Promise<void>): void {
  const wait = (): void => {
    countDown(BETWEEN_S, (left) => {
      button.disabled = left > 0;
      button.textContent = left > 0 ? t('Send another mail in {span}', { span: span(left) }) : t('Send another mail');
    });
  };
  button.onclick = () => {
    // It waits from the click on: a mail may be on its way although no response came.
    wait();
    void send();
  };
  wait();
}
