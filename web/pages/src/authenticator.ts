// What somebody sees who sets up an authenticator: a picture for its camera, and the same as text and as a link.

import { copyFrom, element } from './dom.ts';
import { qrCode } from './qr.ts';
import type { FactorOffer } from './wire.ts';
import { t } from './words.ts';

/** What an authenticator gets, in the three ways in which one can take it. */
export function offered({ qr, secret, uri }: FactorOffer): HTMLElement {
  const grouped = secret.replace(/.{4}(?=.)/g, '$& ');
  const copy: HTMLButtonElement = element('button', { type: 'button', class: 'quiet small', 'aria-label': t('Copy the secret'), onclick: () => void copyFrom(copy, secret) }, t('Copy'));
  const open = element('a', {}, t('Open in an app on this device'));
  // It is the server's, and leads to an app and nowhere else.
  if (uri.startsWith('otpauth://totp/')) open.href = uri;
  return element(
    'div',
    { class: 'offer stack' },
    element('p', {}, t('Scan this picture with an authenticator app, for example the password manager on your phone.')),
    element('div', { class: 'picture' }, qrCode(qr, t('QR code for your authenticator app')) ?? ''),
    element('p', { class: 'muted' }, t('Or type this secret into it:')),
    element('div', { class: 'row spread secret' }, element('code', { id: 'secret' }, grouped), copy),
    element('p', { class: 'muted' }, open),
  );
}
