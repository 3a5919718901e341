// The e-mail addresses of whoever is signed in: which there are, a new one, its code, the primary one. For the account page.

import { element, fill } from './dom.ts';
import { emailFacts } from './email-facts.ts';
import { openForm } from './form-dialog.ts';
import { sendsAgain, withCode } from './mail-code.ts';
import { askForPassword, type Owner } from './owner-proof.ts';
import { account } from './self-service.ts';
import { act, actionButton, notify } from './shell.ts';
import { t } from './words.ts';
import type { Email } from './wire.ts';

/** A section of the account page. An address is worth as much as the password: who has one is asked for it. */
export function emailSection(owner: () => Owner): HTMLElement {
  const list = element('div', { id: 'emails', tabindex: -1 });
  const add = element('button', { type: 'button', class: 'quiet', onclick: () => addAddress(owner(), show) }, t('Add an address'));

  async function show(): Promise<void> {
    const emails = await account.emails();
    fill(list, emails.length === 0 ? element('p', { class: 'muted' }, t('No addresses yet. With one you can choose a new password when you have forgotten yours.')) : element('ul', { class: 'list' }, ...emails.map((email) => item(email, changed, owner))));
  }

  /** The button that had the focus is gone. */
  async function changed(text: string): Promise<void> {
    notify(text);
    await show();
    list.focus();
  }

  void act(null, show);
  return element(
    'section',
    { class: 'card', 'aria-labelledby': 'emails-title' },
    element('h2', { id: 'emails-title' }, t('E-mail addresses')),
    list,
    element('div', { class: 'row end' }, add),
  );
}

type Changed = (text: string) => Promise<void>;

function item(email: Email, changed: Changed, owner: () => Owner): HTMLElement {
  return element('li', { class: 'email' }, emailFacts(email), element('div', { class: 'row' }, ...actions(email, changed, owner)));
}

/** What can be done with an address; screen readers hear with which one. */
function actions({ id, address, verifiedAt, primary }: Email, changed: Changed, owner: () => Owner): HTMLElement[] {
  const named = (button: HTMLButtonElement): HTMLButtonElement => {
    button.setAttribute('aria-label', `${button.textContent}: ${address}`);
    return button;
  };
  const verify = async (): Promise<void> => {
    await sendCode(address);
    enterCode(address, changed);
  };
  const makePrimary = (): void => {
    askForPassword(owner(), {
      title: t('Make {address} primary?', { address }),
      submit: t('Make primary'),
      explanation: t('The address that is primary now gets a mail about it, with a link that takes it back.'),
      fields: [],
      save: async ({ currentPassword }) => {
        await account.changeEmail(id, currentPassword);
        await changed(t('Notices now go to {address}.', { address }));
      },
    });
  };
  const remove = (): void => {
    askForPassword(owner(), {
      title: t('Remove {address}?', { address }),
      submit: t('Remove'),
      isDanger: true,
      explanation: t('You can no longer sign in with it, or get a new password by it.'),
      fields: [],
      save: async ({ currentPassword }) => {
        await account.removeEmail(id, currentPassword);
        await changed(t('{address} is removed.', { address }));
      },
    });
  };
  const opens = (text: string, open: () => void): HTMLButtonElement => named(element('button', { type: 'button', class: 'quiet', onclick: open }, text));
  return [
    ...(verifiedAt ? [] : [named(actionButton(t('Verify'), verify, 'quiet'))]),
    ...(verifiedAt && !primary ? [opens(t('Make primary'), makePrimary)] : []),
    opens(t('Remove'), remove),
  ];
}

function addAddress(owner: Owner, show: () => Promise<void>): void {
  askForPassword(owner, {
    title: t('Add an e-mail address'),
    submit: t('Send the mail'),
    fields: [{ name: 'address', label: t('E-mail address'), type: 'email', autocomplete: 'email', required: true }],
    save: async ({ address = '', currentPassword }) => {
      await account.addEmail(address, currentPassword);
      await show();
      enterCode(address, async (text) => {
        notify(text);
        await show();
      });
    },
  });
}

function enterCode(address: string, changed: Changed): void {
  const again = element('button', { type: 'button', class: 'link again' });
  openForm({
    title: t('Look into your mail'),
    submit: t('Confirm'),
    explanation: t('There is one for {address}. Type its code here, or open its link.', { address }),
    fields: [{ name: 'code', label: t('Code from the mail'), type: 'code', autocomplete: 'one-time-code', required: true }],
    aside: element('p', {}, again),
    save: async ({ code = '' }) => {
      await withCode(() => account.verifyEmail(code));
      await changed(t('{address} is verified.', { address }));
    },
  });
  sendsAgain(again, () => act(again, () => sendCode(address)));
}

async function sendCode(address: string): Promise<void> {
  await account.sendVerification(address);
}
