// A dialog for something that only the owner of the account may do. They show who they are: by the password, and a second factor where there is
// one, or by a passkey in the place of both.

import { CountersignError } from '@countersign/client';
import type { OwnerProof, PasskeyProof } from '@countersign/client/passkeys';
import { element } from './dom.ts';
import { takesCode, type CodeField } from './factor-code.ts';
import { openForm, type Field, type FormDialog } from './form-dialog.ts';
import { passkeys } from './passkey-module.ts';
import { t } from './words.ts';

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
  const use = element('button', { type: 'button', class: 'link again' }, t('Use a passkey instead'));
  const own: Field[] = [
    ...(hasPassword ? [{ name: 'currentPassword', label: t('Current password'), type: 'own-password', autocomplete: 'current-password', required: true } as const] : []),
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
