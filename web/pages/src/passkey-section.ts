// The passkeys of whoever is signed in: a section of the account page.

import type { Factor, Passkey } from '@countersign/client/passkeys';
import { element, fill } from './dom.ts';
import { ask, type Owner } from './owner-proof.ts';
import { openForm } from './form-dialog.ts';
import { factorFacts } from './factor-facts.ts';
import { canUsePasskeys, passkeys } from './passkey-module.ts';
import { showRecoveryCodes } from './recovery-codes.ts';
import { actionButton } from './shell.ts';
import { device } from './format.ts';
import { t } from './words.ts';

/** What the section needs of the page. */
export interface PasskeyOwner {
  readonly username: string;
  readonly owner: () => Owner;
  /** Shows everything again after a change, with `text` as the message; `isOver`: the other sessions are. */
  readonly changed: (text: string, isOver: boolean) => Promise<void>;
}

export interface PasskeySection {
  readonly section: HTMLElement;
  /** `isRequired`: the account has to have a factor. */
  show(factors: readonly Factor[], isRequired: boolean): void;
}

export function passkeySection({ username, owner, changed }: PasskeyOwner): PasskeySection {
  const root = element('div', { id: 'passkeys', tabindex: -1 });
  const add = actionButton(t('Add a passkey'), addOne, 'quiet');
  add.hidden = !canUsePasskeys;

  async function addOne(): Promise<void> {
    const module = await passkeys();
    const dialog = ask(owner(), {
      title: t('Add a passkey'),
      submit: t('Add'),
      explanation: t('Your device or your password manager keeps it, and asks you for your fingerprint, your face or a PIN when you use it.'),
      fields: [
        { name: 'name', label: t('Name of the passkey'), autocomplete: 'off', value: device(navigator.userAgent) },
        { name: 'secondStepOnly', label: t('It is a security key without a PIN, for the second step only'), type: 'check', autocomplete: 'off' },
      ],
      save: async ({ name = '', secondStepOnly }, proof) => {
        const isKey = secondStepOnly !== undefined;
        const { recoveryCodes } = await module.enrol(name.trim(), proof, isKey ? { secondStepOnly: true } : {});
        void (async () => {
          if (recoveryCodes.length > 0) await showRecoveryCodes(recoveryCodes, username);
          await changed(isKey ? t('From now on, signing in asks for your security key. All other sessions have ended.') : t('You can sign in with your passkey now. All other sessions have ended.'), true);
        })();
      },
    });
    dialog.addEventListener('close', () => module.discard());
  }

  function rename({ id, name }: Passkey): void {
    openForm({
      title: t('Rename {name}', { name }),
      submit: t('Save'),
      fields: [{ name: 'name', label: t('Name of the passkey'), autocomplete: 'off', value: name, required: true }],
      save: async (values) => {
        await (await passkeys()).rename(id, values['name'] ?? '');
        await changed(t('The passkey has a new name.'), false);
      },
    });
  }

  function remove({ id, name }: Passkey, isLast: boolean): void {
    const explanation = t('It signs you in no more. Your password manager is told to forget it. All other sessions end.');
    ask(owner(), {
      title: t('Remove {name}?', { name }),
      submit: t('Remove'),
      isDanger: true,
      explanation: isLast ? `${explanation} ${t('There is no second step then: the recovery codes are void, and no device is trusted.')}` : explanation,
      fields: [],
      save: async (_, proof) => {
        await (await passkeys()).remove(id, proof);
        await changed(t('{name} is removed. All other sessions have ended.', { name }), true);
      },
    });
  }

  function item(passkey: Passkey, isLast: boolean, isRequired: boolean): HTMLElement {
    const named = (text: string, open: () => void): HTMLElement => element('button', { type: 'button', class: 'quiet', 'aria-label': `${text}: ${passkey.name}`, onclick: open }, text);
    const buttons = element('div', { class: 'row' }, named(t('Rename'), () => rename(passkey)), !(isLast && isRequired) && named(t('Remove'), () => remove(passkey, isLast)));
    return element('li', { class: 'email' }, factorFacts(passkey), buttons);
  }

  return {
    section: element('section', { class: 'card', 'aria-labelledby': 'passkeys-title' }, element('h2', { id: 'passkeys-title' }, t('Passkeys')), root, element('div', { class: 'row end' }, add)),
    show(factors, isRequired) {
      const found = factors.filter((factor): factor is Passkey => factor.passkey !== undefined);
      const isLast = factors.length === 1;
      fill(
        root,
        found.length === 0
          ? element('p', { class: 'muted' }, t('No passkey yet. With one, you sign in without a password, and no page that only looks like this one can take it.'))
          : element('ul', { class: 'list' }, ...found.map((passkey) => item(passkey, isLast, isRequired))),
        !canUsePasskeys && element('p', { class: 'muted' }, t('This browser has no passkeys.')),
      );
    },
  };
}
