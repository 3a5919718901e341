// The part of the account page about leaving: a copy of what is kept about the account, and its deletion.

import { element } from './dom.ts';
import { absolute } from './format.ts';
import { askForPassword, type Owner } from './owner-proof.ts';
import { account } from './self-service.ts';
import { goToLogin, signedOutBy } from './shell.ts';
import { deletionGraceMs } from './site.ts';
import { t } from './words.ts';

/** Saves the document as a file. */
export async function downloadMyData(): Promise<void> {
  const href = URL.createObjectURL(await account.exportData());
  element('a', { href, download: `account-${new Date().toISOString().slice(0, 10)}.json` }).click();
  // The browser has taken it by then.
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}

/** Asks for the password, and says before what will happen and until when it can be undone. */
export function deleteMyAccount(owner: Owner): void {
  const end = absolute(new Date(Date.now() + deletionGraceMs));
  askForPassword(owner, {
    title: t('Delete your account?'),
    submit: t('Delete my account'),
    isDanger: true,
    explanation: [
      t('You are signed out on all devices, and programs with your API keys are refused at once.'),
      deletionGraceMs > 0 ? t('On {date} the account is deleted for good. Until then you can keep it: sign in, and say so.', { date: end }) : t('The account is deleted at once. This cannot be undone.'),
    ].join(' '),
    fields: [],
    save: ({ currentPassword }) =>
      signedOutBy(
        () => account.deleteAccount(currentPassword),
        () => goToLogin(deletionGraceMs > 0 ? 'deletion' : 'deleted'),
      ),
  });
}
