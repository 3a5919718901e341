// The page for an account of one's own: asks for a mail, then takes the code from it, a name and a password.

import { CountersignError } from '@countersign/client';
import { pathOf } from './base.ts';
import { field, newPasswordField, nowTheCode } from './by-mail.ts';
import { isCode } from './call.ts';
import { byId } from './dom.ts';
import { submits } from './form.ts';
import { withCode } from './mail-code.ts';
import { onwards } from './return-to.ts';
import { account } from './self-service.ts';
import { keepReturnTo } from './site.ts';
import { t } from './words.ts';

const ask = byId<HTMLFormElement>('ask');
const make = byId<HTMLFormElement>('make');
const address = field(ask, 'email');
const code = field(make, 'code');
const username = field(make, 'username');
const next = newPasswordField(make);

const send = async (): Promise<void> => void (await account.register(address.value));

submits(
  ask,
  async () => {
    await send();
    nowTheCode(ask, make, t('There is one for {address} with a code and a link, or one that says that you already have an account.', { address: address.value }), send);
  },
  () => address,
);

submits(
  make,
  async () => {
    // Keyboards of phones add a space after a completed word, and no name ends in one.
    await withCode(() => account.finishRegistration(code.value, username.value.trim(), next.value));
    location.replace(pathOf('login') + onwards(location.search, 'registered'));
  },
  // What is refused of a name or a password leaves the code good for another try.
  (error) => {
    if (['username_taken', 'username_looks_alike', 'username_invalid'].some((code) => isCode(error, code))) return username;
    return error instanceof CountersignError && error.status === 422 ? next : code;
  },
);

keepReturnTo();
