// What the server says about itself in the document: its name, where its pages lead, and which of them there are.

import { pathOf } from './base.ts';
import { onwards } from './return-to.ts';
import { t } from './words.ts';

const { home, pages = '', passwordLength = '', deletionGrace, languages: offered = '', passkeys } = document.documentElement.dataset;
const on = pages.split(' ');

export const productName: string = document.querySelector<HTMLMetaElement>('meta[name=application-name]')?.content ?? '';

/** Whether the server has this page; without it nothing leads there. */
export function hasPage(name: 'account' | 'apps' | 'admin' | 'debugger' | 'forgot' | 'register'): boolean {
  return on.includes(name);
}

/** Whether the server sends mails that people ask for: without them there are no addresses. */
export const hasMail: boolean = hasPage('forgot');

/** Whether there are applications that people sign in to with their account here. */
export const hasApps: boolean = hasPage('apps');

/** Whether administrators can invite people. */
export const canInvite: boolean = on.includes('invitations');

/** Whether people can sign in by passkeys here; their browser has to have them too. */
export const hasPasskeys: boolean = passkeys !== undefined;

/** The languages that an account can have, as tags of BCP 47. */
export const languages: readonly string[] = offered.split(' ').filter(Boolean);

/** The fewest characters of a new password; the server has the last word. */
export const leastLength: number = Number(passwordLength);

/** What the server asks of a new password, before anybody has failed at it. */
export const passwordHint = t('At least {n} characters: a few words that only you would combine.', { n: passwordLength });

/** Whether people can delete their own account here. */
export const canLeave: boolean = deletionGrace !== undefined;

/** For how long they can keep it after all; 0: not at all. */
export const deletionGraceMs: number = Number(deletionGrace ?? 0) * 1000;

/** Where a user goes after a sign-in that no page has asked for; nowhere if there is neither an account page nor a home. */
export const afterSignIn: string | undefined = hasPage('account') ? pathOf('account') : home;

/** The links between the pages of signing in lead on to where this one does. */
export function keepReturnTo(): void {
  for (const link of document.querySelectorAll<HTMLAnchorElement>('a.onwards')) link.search = onwards(location.search);
}
