// What a list says of a second factor: an authenticator app or a passkey. For the account page and the admin page.

import type { Factor } from '@countersign/client/passkeys';
import { element } from './dom.ts';
import { dateElement, timeElement } from './format.ts';
import { t } from './words.ts';

export function factorFacts({ name, kind, passkey, createdAt, lastUsedAt }: Factor): HTMLElement {
  const unnamed = kind === 'passkey' ? t('Passkey') : t('Authenticator');
  return element(
    'div',
    { class: 'grow' },
    element('strong', {}, name === '' ? unnamed : name),
    ' ',
    passkey && element('span', { class: 'badge' }, passkey.backupEligible ? t('synced') : t('this device only')),
    passkey?.signsIn === false && element('span', { class: 'badge' }, t('second step only')),
    element(
      'p',
      { class: 'muted' },
      element('span', { class: 'part' }, `${t('added')} `, dateElement(createdAt)),
      lastUsedAt ? element('span', { class: 'part' }, `${t('used')} `, timeElement(lastUsedAt)) : element('span', { class: 'part' }, t('never used')),
    ),
  );
}
