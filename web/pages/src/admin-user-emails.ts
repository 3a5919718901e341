// The card of a user's e-mail addresses: which there are, and the mails that an administrator can have sent to them.

import { card } from './admin-parts.ts';
import type { UserPage } from './admin-user-cards.ts';
import { api } from './api.ts';
import { element, fill } from './dom.ts';
import { emailFacts } from './email-facts.ts';
import { act, actionButton, confirmed, notify } from './shell.ts';
import type { Email } from './wire.ts';
import { t } from './words.ts';

export function emailsCard({ account, path }: UserPage): HTMLElement {
  const list = element('div', { id: 'emails' }, element('p', { class: 'muted' }, t('Loading…')));
  const reset = actionButton(t('Send a reset mail'), sendReset, 'quiet');
  reset.hidden = true;

  async function show(): Promise<void> {
    const { emails } = await api<{ emails: Email[] }>('GET', `${path}/emails`);
    fill(list, emails.length === 0 ? element('p', { class: 'muted' }, t('No addresses.')) : element('ul', { class: 'list' }, ...emails.map(item)));
    reset.hidden = account.disabled || !emails.some(({ primary }) => primary);
  }

  function item(email: Email): HTMLElement {
    const { id, address, verifiedAt } = email;
    const send = async (): Promise<void> => {
      await api('POST', `${path}/emails/${encodeURIComponent(id)}/verify-mail`);
      notify(t('A mail to {address} is on its way.', { address }));
    };
    const again = actionButton(t('Send the mail again'), send, 'quiet');
    again.setAttribute('aria-label', t('Send the mail again: {address}', { address }));
    return element('li', { class: 'email' }, emailFacts(email), !verifiedAt && !account.disabled && element('div', { class: 'row' }, again));
  }

  async function sendReset(): Promise<void> {
    const { username } = account;
    const question = t('Send {username} a mail to choose a new password? It goes to the primary address. Until they use its link, nothing changes.', { username });
    if (!(await confirmed(question, t('Send'), 'primary'))) return;
    await api('POST', `${path}/reset-mail`);
    notify(t('A reset mail for {username} is on its way.', { username }));
  }

  void act(null, show);
  return card(t('E-mail addresses'), list, element('div', { class: 'row' }, reset));
}
