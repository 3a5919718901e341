// The page for a forgotten password: asks for a mail, then takes the code from it and a new password.

import { CountersignError } from '@countersign/client';
import { pathOf } from './base.ts';
import { field, newPasswordField, nowTheCode } from './by-mail.ts';
import { byId } from './dom.ts';
import { submits } from './form.ts';
import { withCode } from './mail-code.ts';
import { onwards } from './return-to.ts';
import { account } from './self-service.ts';
import { keepReturnTo } from './site.ts';
import { t } from './words.ts';

const ask = byId<HTMLFormElement>('ask');
const reset = byId<HTMLFormElement>('reset');
const address = field(ask, 'email');
const code = field(reset, 'code');
const next = newPasswordField(reset);

const send = async (): Promise<void> => void (await account.forgotPassword(address.value));

submits(
  ask,
  async () => {
    await send();
    // Password managers keep the new password under the address, which signs in as the name does.
    field(reset, 'username').value = address.value;
    nowTheCode(ask, reset, t('If {address} belongs to an account, there is one with a code and a link.', { address: address.value }), send);
  },
  () => address,
);

submits(
  reset,
  async () => {
    await withCode(() => account.resetPassword(code.value, next.value));
    location.replace(pathOf('login') + onwards(location.search, 'password_reset'));
  },
  // A password that is refused leaves the code good for another try.
  (error) => (error instanceof CountersignError && error.status === 422 ? next : code),
);

keepReturnTo();
