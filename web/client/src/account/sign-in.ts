// Signing in by mail: by the code, by the link in this browser, or by waiting until somebody lets this browser go on who opened the
// link elsewhere. Whatever of the three it is, the client takes the session up as it does after a password.

import { CountersignError } from '../errors.ts';
import { exclusive } from '../exclusive.ts';
import { parseJson } from '../http.ts';
import type { Client, Environment, User } from '../types.ts';
import type { StartedMail } from '../wire.ts';
import type { Call } from './call.ts';
import { useMail } from './mail.ts';
import type { MailSignIn, SignInWishes, WaitOptions } from './types.ts';

/** So often the server is asked; it says that more than once a second gains nothing. */
const BETWEEN_MS = 2_000;

/** What a sign-in needs of the world around it. */
export interface Surroundings {
  readonly client: Client;
  readonly env: Environment;
  readonly call: Call;
}

export function mailSignIn({ client, env, call }: Surroundings, { digits = '', expiresIn }: StartedMail): MailSignIn {
  const end = env.clock.wall() + expiresIn * 1000;

  /** Under the tabs' lock, as each sign-in: a refresh must not answer with the cookie of the session before. */
  const signIn = async (ask: () => Promise<string>): Promise<unknown> => exclusive(env, `countersign:${client.url}`, async () => parseJson(await ask()));

  async function poll({ newPassword, keepAccount }: SignInWishes): Promise<User | undefined> {
    const json = await signIn(() => call({ method: 'POST', path: '/api/email/poll', body: { newPassword, keepAccount } }));
    return isWaiting(json) ? undefined : client.accept(json);
  }

  async function whenAllowed({ signal, ...wishes }: WaitOptions = {}): Promise<User> {
    // Whoever is signed in already, before the mail, is not signed in by it.
    const wasOut = (await client.ready).status !== 'signed-in' && !client.user;
    for (;;) {
      signal?.throwIfAborted();
      // By the code, or in another tab of this browser, which has told this one.
      if (wasOut && client.user) return client.user;
      let waitMs = BETWEEN_MS;
      try {
        const user = await poll(wishes);
        if (user) return user;
      } catch (error) {
        if (!isPassing(error)) throw error;
        waitMs = Math.max(waitMs, error.retryAfterMs ?? 0);
      }
      if (env.clock.wall() + waitMs > end) throw new CountersignError('ticket_invalid', 'nobody has opened the link in time');
      await pause(env, waitMs, signal);
    }
  }

  return {
    digits,
    expiresIn,
    async withCode(codeOrLink, { newPassword, keepAccount } = {}) {
      return client.accept(await signIn(() => useMail(call, codeOrLink, { newPassword, keepAccount })));
    },
    whenAllowed,
  };
}

function isWaiting(json: unknown): boolean {
  return (json as { status?: unknown } | undefined)?.status === 'waiting';
}

/** No connection, a server that restarts, one that is asked too often: none of them says anything about the mail. */
function isPassing(error: unknown): error is CountersignError {
  return error instanceof CountersignError && (error.status === 0 || error.status === 429 || error.status >= 500);
}

/** Ends early when it is aborted. */
function pause({ clock }: Environment, ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.after(ms, done);
    signal?.addEventListener('abort', done);
  });
}
