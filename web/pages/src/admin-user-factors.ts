// The card of a user's second step: what they have, and taking it away from somebody who has lost it.

import { card } from './admin-parts.ts';
import type { UserPage } from './admin-user-cards.ts';
import { api } from './api.ts';
import { element, fill } from './dom.ts';
import { factorFacts } from './factor-facts.ts';
import { act, actionButton, confirmed } from './shell.ts';
import type { FactorsBody } from './wire.ts';
import { plural, t } from './words.ts';

export function factorsCard({ account, path, ended }: UserPage): HTMLElement {
  const list = element('div', { id: 'factors' }, element('p', { class: 'muted' }, t('Loading…')));
  const reset = actionButton(t('Reset the second step'), resetAll, 'danger');
  reset.hidden = true;

  async function show(): Promise<void> {
    const found = await api<FactorsBody>('GET', `${path}/factors`);
    fill(list, ...content(found));
    reset.hidden = found.factors.length === 0;
  }

  async function resetAll(): Promise<void> {
    const { username } = account;
    const question = `${t('Reset the second step of {username}?', { username })} ${t('Their authenticators, passkeys and recovery codes are gone, no device is trusted, and all their sessions end. From then on the password is enough, or they set up a new authenticator where one is required. They are told by mail. Make sure that it is really them who asks.')}`;
    if (!(await confirmed(question, t('Reset')))) return;
    await api('DELETE', `${path}/factors`);
    await ended(t('The second step of {username} is reset.', { username }));
  }

  void act(null, show);
  return card(t('Second step'), list, element('div', { class: 'row' }, reset));
}

function content({ factors, recoveryCodesLeft, trustedDevices, required }: FactorsBody): HTMLElement[] {
  if (factors.length === 0) {
    return [element('p', { class: 'muted' }, required ? t('No second factor yet. They set one up at the next sign-in.') : t('No second factor.'))];
  }
  const left = recoveryCodesLeft === 0 ? t('No recovery codes are left.') : plural(recoveryCodesLeft, '{n} recovery code is left.', '{n} recovery codes are left.');
  const trusted = trustedDevices.length === 0 ? t('No trusted devices.') : plural(trustedDevices.length, '{n} trusted device.', '{n} trusted devices.');
  return [element('ul', { class: 'list' }, ...factors.map((factor) => element('li', {}, factorFacts(factor)))), element('p', { class: 'muted' }, `${left} ${trusted}`)];
}
