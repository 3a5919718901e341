// An e-mail address, as its owner and administrators see it.

import { element } from './dom.ts';
import { timeElement } from './format.ts';
import { t } from './words.ts';
import type { Email } from './wire.ts';

/** An address and what is known of it. */
export function emailFacts({ address, verifiedAt, primary, createdAt }: Email): HTMLElement {
  const since = verifiedAt ? [`${t('verified')} `, timeElement(verifiedAt)] : [`${t('added')} `, timeElement(createdAt)];
  return element(
    'div',
    { class: 'grow' },
    element('strong', {}, address),
    ' ',
    primary && element('span', { class: 'badge accent' }, t('primary')),
    !verifiedAt && element('span', { class: 'badge warn' }, t('not verified')),
    element('p', { class: 'muted' }, ...since),
  );
}
