// The code of a mail: as people type and paste it, and the button that asks for another one.

import { isCode, post } from './call.ts';
import { countDown, span } from './countdown.ts';
import { t } from './words.ts';

/** The server sends one mail a minute to an address (EM-6), and says nothing of those that it does not send. */
const BETWEEN_S = 60;

/** Uses a code as somebody has typed it, with `more` that it is for. */
export async function useCode(typed: string, more: { username?: string; newPassword?: string; keepAccount?: boolean } = {}): Promise<void> {
  try {
    await post('/api/email/confirm', { code: codeOf(typed), ...more });
  } catch (error) {
    if (!isCode(error, 'ticket_invalid')) throw error;
    throw new Error(t('This code is wrong, or not valid any more. Check it, or send another mail.'));
  }
}

/** The digits of "1234 5678" or "1234-5678". Throws if they are no code. */
function codeOf(typed: string): string {
  const code = typed.replace(/[\s\u2010-\u2015-]/gu, '');
  if (!/^\d{8}$/.test(code)) throw new Error(t('The code has eight digits.'));
  return code;
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
