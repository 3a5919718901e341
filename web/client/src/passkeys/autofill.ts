// Passkeys in the autofill of a sign-in field (conditional mediation): the page waits, for as long as it is open, with a challenge that is
// renewed before the server forgets it.

import { CountersignError } from '../errors.ts';
import type { Client, Environment, User } from '../types.ts';
import type { AssertionOffer } from './ceremony.ts';
import type { Controller } from './controller.ts';
import type { AutofillOptions } from './types.ts';

/** So long before its end a challenge is renewed: somebody may be choosing just then. */
const BEFORE_END_MS = 60_000;

/** A server that cannot be reached is asked again after so long. */
const PAUSE_MS = 10_000;

/** A browser that gives up sooner than this has not asked anybody. */
const AT_ONCE_MS = 1_000;

export interface Waiting {
  readonly client: Client;
  readonly env: Environment;
  readonly controller: Controller;
  offer(): Promise<AssertionOffer>;
  /** Has the browser offer passkeys in the field, and signs in with the one that somebody chooses. `chosen`: somebody has. */
  signIn(offer: AssertionOffer, signal: AbortSignal, chosen: () => void): Promise<User>;
}

export async function autofill(waiting: Waiting, { signal: stop }: AutofillOptions): Promise<User> {
  const { client, env, controller } = waiting;
  await client.ready;
  const unsubscribe = client.subscribe(({ status }) => status === 'signed-in' && controller.renew());
  try {
    for (;;) {
      stop?.throwIfAborted();
      if (client.user) return client.user;
      const user = await controller.waiting((signal) => once(waiting, signal), stop);
      if (user) return user;
    }
  } finally {
    unsubscribe();
  }

  async function once({ offer, signIn }: Waiting, signal: AbortSignal): Promise<User> {
    for (;;) {
      const offered = await patiently(env, signal, offer);
      const since = env.clock.monotonic();
      const cancel = env.clock.after(offered.expiresIn * 1000 - BEFORE_END_MS, controller.renew);
      try {
        return await signIn(offered, signal, cancel);
      } catch (error) {
        // Some browsers end it when somebody thinks better of it.
        const isCancelled = error instanceof CountersignError && error.code === 'passkey_cancelled' && env.clock.monotonic() - since > AT_ONCE_MS;
        if (!isCancelled || signal.aborted) throw error;
      } finally {
        cancel();
      }
    }
  }
}

/** Nobody sees a page's own request fail, so it is made again. */
async function patiently<T>(env: Environment, signal: AbortSignal, ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      const answer = await ask();
      signal.throwIfAborted();
      return answer;
    } catch (error) {
      const isPassing = error instanceof CountersignError && (error.status === 0 || error.status === 429 || error.status >= 500);
      if (!isPassing || signal.aborted) throw error;
      await pause(env, Math.max(PAUSE_MS, error.retryAfterMs ?? 0), signal);
    }
  }
}

/** Rejects when it is aborted. */
function pause({ clock }: Environment, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, resolve);
    signal.addEventListener('abort', () => {
      cancel();
      reject(signal.reason as Error);
    });
  });
}
