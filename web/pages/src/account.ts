// The account page: profile, e-mail addresses, sessions, API keys, change of password, leaving.

import { api } from './api.ts';
import { connectedApps } from './connected-apps.ts';
import { byId, copyFrom, element, fill } from './dom.ts';
import { emailSection } from './emails.ts';
import { factorSections } from './factors.ts';
import { dateElement } from './format.ts';
import { keyList } from './key-list.ts';
import { languageChoice } from './language-choice.ts';
import { deleteMyAccount, downloadMyData } from './leave.ts';
import { passwordForm } from './password-form.ts';
import { sessionList } from './session-list.ts';
import { canLeave, hasApps, hasMail, passwordHint } from './site.ts';
import { act, confirmed, notify, signedInPage, signOut } from './shell.ts';
import { t } from './words.ts';
import type { Account, Session } from './wire.ts';

let hasPassword = true;

async function showProfile(): Promise<void> {
  const { user } = await api<{ user: Account }>('GET', '/api/user');
  hasPassword = user.hasPassword;
  const fact = (name: string, value: Node | string): Node[] => [element('dt', {}, name), element('dd', {}, value)];
  const copyId: HTMLButtonElement = element('button', { type: 'button', class: 'quiet small', 'aria-label': t('Copy the account ID'), onclick: () => void copyFrom(copyId, user.userId) }, t('Copy'));
  fill(
    byId('profile'),
    ...fact(t('Username'), user.username),
    ...fact(t('Role'), user.role),
    ...fact(t('Account ID'), element('span', { class: 'row' }, element('code', {}, user.userId), copyId)),
    ...fact(t('Member since'), dateElement(user.createdAt)),
    ...(user.claims && Object.keys(user.claims).length > 0
      ? fact(t('Claims'), element('pre', { tabindex: 0, 'aria-label': t('Claims') }, JSON.stringify(user.claims, null, 2)))
      : []),
  );
  const language = hasMail && languageChoice(user);
  if (language) byId('profile').after(language);
}

async function showSessions(): Promise<void> {
  const { sessions: all } = await api<{ sessions: Session[] }>('GET', '/api/sessions');
  // Those of applications are with what was allowed them.
  const sessions = all.filter((session) => !hasApps || session.clientId === undefined);
  fill(
    byId('sessions'),
    sessionList(sessions, async (session) => {
      await api('DELETE', `/api/sessions/${encodeURIComponent(session.id)}`);
      notify(t('That device is signed out.'));
      await showSessions();
      // The button that had the focus is gone.
      byId('sessions').focus();
    }),
  );
  byId('end-others').hidden = all.length < 2;
}

async function endOthers(): Promise<void> {
  if (!(await confirmed(t('Sign out all devices but this one?'), t('Sign out other devices'), 'primary'))) return;
  await api('DELETE', '/api/sessions');
  notify(t('All other devices are signed out.'));
  await showSessions();
}

async function signOutEverywhere(): Promise<void> {
  if (await confirmed(t('Sign out on all devices, this one included?'), t('Sign out everywhere'), 'primary')) await signOut(true);
}

void signedInPage((user) => {
  const endOthersButton = byId<HTMLButtonElement>('end-others');
  const everywhereButton = byId<HTMLButtonElement>('everywhere');
  endOthersButton.addEventListener('click', () => void act(endOthersButton, endOthers));
  everywhereButton.addEventListener('click', () => void act(everywhereButton, signOutEverywhere));
  byId('next-hint').textContent = `${passwordHint} ${t('A change ends all other sessions.')}`;
  const form = byId<HTMLFormElement>('password-form');
  // Tells password managers whose password changes.
  (form.elements.namedItem('username') as HTMLInputElement).value = user.username;
  passwordForm(form, byId<HTMLButtonElement>('use-passkey'), async () => {
    notify(t('Your password is changed. All other sessions have ended.'));
    await showSessions();
  });
  const { sections, owner } = factorSections(
    user.username,
    () => hasPassword,
    showSessions,
    ({ hasPasskey }) => (byId('instead').hidden = !hasPasskey),
  );
  byId('change-password').after(...sections);
  fill(byId('new-key'), keyList(byId('keys'), '/api/keys', true));
  if (hasApps) byId('sessions-section').after(connectedApps(showSessions));
  if (hasMail) byId('profile-section').after(emailSection(owner));
  const download = byId<HTMLButtonElement>('download');
  download.addEventListener('click', () => void act(download, downloadMyData));
  byId('delete-account').hidden = !canLeave;
  byId('delete-account').addEventListener('click', () => deleteMyAccount(owner()));
  // Where a password manager leads to; the page was empty when the browser looked for it.
  if (location.hash === '#change-password') byId('current').focus();
  void act(null, showProfile);
  void act(null, showSessions);
});
