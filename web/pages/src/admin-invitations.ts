// Invitations: whom an administrator has offered an account, and a new one. For the list of users.

import { api } from './api.ts';
import { element, fill } from './dom.ts';
import { openForm } from './form-dialog.ts';
import { timeElement } from './format.ts';
import { isMeant } from './roles.ts';
import { act, actionButton, confirmed, notify } from './shell.ts';
import type { Invitation } from './wire.ts';
import { t } from './words.ts';

const PATH = '/api/admin/invitations';

/** The button that invites somebody, and the list of those who have not made their account yet. */
export function invitations(): { button: HTMLElement; list: HTMLElement } {
  const list = element('section', { id: 'invitations', class: 'card', tabindex: -1, hidden: true, 'aria-labelledby': 'invitations-title' });

  async function show(): Promise<void> {
    const { invitations } = await api<{ invitations: Invitation[] }>('GET', PATH);
    list.hidden = invitations.length === 0;
    fill(list, element('h2', { id: 'invitations-title' }, t('Invited')), element('ul', { class: 'list' }, ...invitations.map(item)));
  }

  function item(invitation: Invitation): HTMLElement {
    const { address, role, expiresAt } = invitation;
    const withdraw = actionButton(t('Withdraw'), () => withdrawn(invitation), 'quiet');
    withdraw.setAttribute('aria-label', t('Withdraw: {address}', { address }));
    const facts = element('div', { class: 'grow' }, element('strong', {}, address), ' ', element('span', { class: role === 'admin' ? 'badge accent' : 'badge' }, role), element('p', { class: 'muted' }, t('expires'), ' ', timeElement(expiresAt)));
    return element('li', { class: 'email' }, facts, element('div', { class: 'row' }, withdraw));
  }

  async function withdrawn({ id, address }: Invitation): Promise<void> {
    if (!(await confirmed(t('Withdraw the invitation of {address}? Its link does nothing any more.', { address }), t('Withdraw')))) return;
    await api('DELETE', `${PATH}/${encodeURIComponent(id)}`);
    notify(t('The invitation of {address} is withdrawn.', { address }));
    await show();
    // The button that had the focus is gone.
    list.focus();
  }

  function invite(): void {
    openForm({
      title: t('Invite somebody'),
      submit: t('Send the mail'),
      explanation: t('Whoever reads the mail makes the account, with a username and a password of their own. Its link is good for seven days.'),
      fields: [
        { name: 'address', label: t('E-mail address'), type: 'email', autocomplete: 'off', required: true },
        { name: 'role', label: t('Role'), value: 'user', autocomplete: 'off', required: true, list: 'roles' },
      ],
      save: async ({ address = '', role = '' }) => {
        if (!(await isMeant(role.trim()))) return false;
        await api('POST', PATH, { address: address.trim(), role: role.trim() });
        notify(t('{address} is invited.', { address: address.trim() }));
        await show();
        return true;
      },
    });
  }

  void act(null, show);
  return { button: element('button', { type: 'button', onclick: invite }, t('Invite')), list };
}
