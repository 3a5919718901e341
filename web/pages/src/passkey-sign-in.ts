// Passkeys on the sign-in page: the button, and the autofill of the name's field. They share one module, so that they do not collide.

import { CountersignError } from '@countersign/client';
import type { Passkeys } from '@countersign/client/passkeys';
import { isCode } from './call.ts';
import { byId } from './dom.ts';
import { moreIsWanted } from './passkey-more.ts';
import { canUsePasskeys, passkeys } from './passkey-module.ts';

export interface PasskeySignIn {
  /** Says why nobody is signed in. */
  readonly refuse: (error: unknown, button: HTMLButtonElement) => void;
  /** Forgets what was said before. */
  readonly clear: () => void;
}

/** Nobody chooses a passkey as fast: a browser that gives up sooner would do so again and again. */
const AT_ONCE_MS = 1_000;

/** What the autofill is silent about: nobody has asked for anything, and the button says it. */
const SILENT = ['passkey_cancelled', 'passkey_failed', 'passkey_origin', 'passkey_unsupported', 'not_found'];

/** Shows the button and begins the autofill, where there are passkeys. Whoever signs in is led on by the page's own view of the state. */
export function offerPasskeys(page: PasskeySignIn): void {
  if (!canUsePasskeys) return;
  const button = byId<HTMLButtonElement>('passkey');
  let stop = new AbortController();

  async function signIn(): Promise<void> {
    page.clear();
    button.setAttribute('aria-busy', 'true');
    try {
      await (await passkeys()).signIn();
    } catch (error) {
      refused(error);
    } finally {
      button.removeAttribute('aria-busy');
    }
  }

  async function autofill(): Promise<void> {
    stop = new AbortController();
    const { signal } = stop;
    try {
      const found = await passkeys();
      if (await found.canAutofill()) await waitFor(found, signal);
    } catch {
      // The button is there.
    }
  }

  async function waitFor(found: Passkeys, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const since = performance.now();
      try {
        await found.autofill({ signal });
        return;
      } catch (error) {
        if (signal.aborted || (error instanceof CountersignError && SILENT.includes(error.code))) return;
        refused(error);
        if (performance.now() - since < AT_ONCE_MS) return;
      }
    }
  }

  function refused(error: unknown): void {
    if (!isCode(error, 'password_change_required') && !isCode(error, 'deletion_pending')) {
      page.refuse(error, button);
      return;
    }
    // Somebody is signing in: the next passkey would be another one's.
    stop.abort();
    moreIsWanted(error as CountersignError, {
      again: async (wishes) => (await passkeys()).signIn(wishes),
      closed: (why) => {
        if (why !== undefined) page.refuse(why, button);
        void autofill();
      },
    });
  }

  button.hidden = false;
  button.addEventListener('click', () => {
    if (button.getAttribute('aria-busy') !== 'true') void signIn();
  });
  void autofill();
}
