// `createSelfService`: what people do for their own account, beside signing in and out. A module of its own, so that a page pays for it
// only where it is used; it imports nothing of the core but its error class.

import { browserEnvironment } from '../environment.ts';
import type { Client, ClientOptions } from '../types.ts';
import type { Deletion, Email } from '../wire.ts';
import { createCall, jsonWith } from './call.ts';
import { askForMail, useMail } from './mail.ts';
import { mailSignIn } from './sign-in.ts';
import type { SelfService } from './types.ts';

export type { AskOptions, Deletion, Email, MailSignIn, SelfService, SignInWishes, StartedMail, WaitOptions } from './types.ts';

/** A long history over a slow connection takes its time. */
const EXPORT_LIMIT_MS = 300_000;

const EMAILS = '/api/account/emails';

/** For the account of whoever uses this client. `environment` is for tests, as in the client's own options. */
export function createSelfService(client: Client, { environment }: Pick<ClientOptions, 'environment'> = {}): SelfService {
  const env = { ...browserEnvironment(), ...environment };
  const call = createCall(env, client.url, env.fetch);
  const own = createCall(env, client.url, client.fetch);
  const pathOf = (id: string): string => `${EMAILS}/${encodeURIComponent(id)}`;

  return {
    register: (address, options) => askForMail(call, 'register', address, options),
    async finishRegistration(codeOrLink, username, newPassword) {
      await useMail(call, codeOrLink, { username, newPassword });
    },
    sendVerification: (address, options) => askForMail(call, 'verify', address, options),
    async verifyEmail(codeOrLink) {
      await useMail(call, codeOrLink);
    },
    forgotPassword: (address, options) => askForMail(call, 'reset', address, options),
    async resetPassword(codeOrLink, newPassword) {
      await useMail(call, codeOrLink, { newPassword });
    },
    async signInByMail(address, options) {
      return mailSignIn({ client, env, call }, await askForMail(call, 'sign_in', address, options));
    },
    async emails() {
      return jsonWith<{ emails: readonly Email[] }>(await own({ method: 'GET', path: EMAILS }), 'emails').emails;
    },
    async addEmail(address, currentPassword) {
      return jsonWith<Email>(await own({ method: 'POST', path: EMAILS, body: { address, currentPassword } }), 'id');
    },
    async changeEmail(id, currentPassword) {
      await own({ method: 'POST', path: `${pathOf(id)}/primary`, body: { currentPassword } });
    },
    async removeEmail(id, currentPassword) {
      await own({ method: 'DELETE', path: pathOf(id), body: { currentPassword } });
    },
    async deleteAccount(currentPassword) {
      const deletion = jsonWith<Deletion>(await own({ method: 'DELETE', path: '/api/account', body: { currentPassword } }), 'deletionAt');
      // Its sessions have ended on the server; this tells the tabs.
      await client.logout();
      return deletion;
    },
    async exportData() {
      const text = await own({ method: 'GET', path: '/api/account/export', limitMs: EXPORT_LIMIT_MS });
      jsonWith<{ user: unknown }>(text, 'user');
      return new Blob([text], { type: 'application/json' });
    },
  };
}
