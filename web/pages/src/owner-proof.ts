// A dialog for something that only the owner of the account may do. They show who they are: by the password, and a second factor where there is
// one, or by a passkey in the place of both.

import { CountersignError } from '@countersign/client';
import type { OwnerProof, PasskeyProof } from '@countersign/client/passkeys';
import { element } from './dom.ts';
import { takesCode, type CodeField } from './factor-code.ts';
import { openForm, type Field, type FormDialog } from './form-dialog.ts';
import { passkeys } from './passkey-module.ts';
import { t } from './words.ts';

/** For whoever has one. */
const ownPassword = (hasPassword: boolean): Field[] => (hasPassword ? [{ name: 'currentPassword', label: t('Current password'), type: 'own-password', autocomplete: 'current-password', required: true }] : []);

const usePasskey = (): HTMLButtonElement => element('button', { type: 'button', class: 'link again' }, t('Use a passkey instead'));

/** What the owner of the account has. */
export interface Owner {
  readonly hasPassword: boolean;
  /** An authenticator app. */
  readonly hasApp: boolean;
  /** A passkey, and this browser can use it. */
  readonly hasPasskey: boolean;
  /** Anything that stands beside the password, which recovery codes are for. */
  readonly hasFactor: boolean;
}

export interface OwnerForm extends Omit<FormDialog, 'save' | 'aside'> {
  readonly save: (values: Record<string, string>, owner: OwnerProof) => Promise<boolean | void>;
}

export function ask({ hasPassword, hasApp, hasPasskey, hasFactor }: Owner, form: OwnerForm): HTMLDialogElement {
  const other = element('button', { type: 'button', class: 'link again' });
  const use = usePasskey();
  const own: Field[] = [
    ...ownPassword(hasPassword),
    ...(hasFactor ? [{ name: 'code', label: t('Code from your authenticator'), type: 'code', autocomplete: 'one-time-code', required: true } as const] : []),
  ];
  let code: CodeField | undefined;
  let isByPasskey = false;
  /** Shown, and not refused. */
  let shown: PasskeyProof | undefined;

  /** What they are asked for besides, or no more. */
  function require(isRequired: boolean): void {
    for (const { name } of own) {
      const input = dialog.querySelector<HTMLInputElement>(`[name=${name}]`);
      if (input) input.required = isRequired;
    }
  }

  async function proof(values: Record<string, string>): Promise<OwnerProof> {
    const { currentPassword = '' } = values;
    if (!isByPasskey) return { ...(hasPassword && { currentPassword }), ...code?.shown() };
    shown ??= await (await passkeys()).prove();
    return { passkey: shown, ...(currentPassword !== '' && { currentPassword }) };
  }

  const dialog = openForm({
    ...form,
    fields: [...form.fields, ...own],
    ...(hasFactor && { aside: element('p', { class: 'row' }, hasApp && other, hasPasskey && use) }),
    save: async ({ code: _, ...values }) => {
      try {
        return await form.save(values, await proof(values));
      } catch (error) {
        // Without a response, or where something else is refused, it may be good still.
        if (error instanceof CountersignError && (error.status === 401 || error.code.startsWith('passkey_'))) shown = undefined;
        throw error;
      } finally {
        isByPasskey = shown !== undefined;
        require(!isByPasskey);
      }
    },
  });
  use.addEventListener('click', () => {
    isByPasskey = true;
    require(false);
    dialog.querySelector('form')?.requestSubmit();
  });
  const input = dialog.querySelector<HTMLInputElement>('[name=code]');
  const label = input && dialog.querySelector<HTMLElement>(`[for="${input.id}"]`);
  if (input && label) code = takesCode(label, input, other, hasApp);
  return dialog;
}

/** A dialog for something that takes the current password of whoever has one, or a passkey in its place. */
export function askForPassword({ hasPassword, hasPasskey }: Owner, form: FormDialog): void {
  const use = usePasskey();
  let isByPasskey = (): boolean => false;
  const dialog = openForm({
    ...form,
    fields: [...form.fields, ...ownPassword(hasPassword)],
    ...(hasPassword && hasPasskey && { aside: element('p', { class: 'row' }, use) }),
    save: async ({ currentPassword = '', ...values }) => {
      if (isByPasskey()) await showPasskey(currentPassword);
      return form.save(currentPassword === '' ? values : { ...values, currentPassword });
    },
  });
  const password = dialog.querySelector<HTMLInputElement>('[name=currentPassword]');
  if (password) isByPasskey = submitsWithout(password, use);
}

/** The button submits the form without the password that is required otherwise. Gives whether that is what happens now. */
export function submitsWithout(password: HTMLInputElement, button: HTMLButtonElement): () => boolean {
  let isWithout = false;
  button.addEventListener('click', () => {
    isWithout = true;
    password.required = false;
    // Whoever listens has been called when it returns; if another field is not filled in, nobody has.
    password.form?.requestSubmit();
    isWithout = false;
    password.required = true;
  });
  return () => isWithout;
}

/** Shows a passkey in this session; for five minutes it stands in for the password. A key that knows nobody needs that beside it. */
export async function showPasskey(password: string): Promise<void> {
  await (await passkeys()).reauthenticate(password === '' ? undefined : password);
}
