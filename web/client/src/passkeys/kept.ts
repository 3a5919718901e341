// What an authenticator has shown and the server has refused for something else: with a new password, or another proof, it is sent again, so that
// nobody is asked twice.

import { CountersignError } from '../errors.ts';
import type { Shown } from './ceremony.ts';

/** Codes that are about what was shown, or after which it is of no use. */
const FINAL = /passkey|expired|too_many_factors|invalid_credentials/;

export interface Kept {
  /** What is kept for this purpose. */
  of(purpose: string): Shown | undefined;
  /** Sends what was shown, and keeps it if the server would take it with something more. */
  sent<T>(purpose: string, shown: Shown, send: () => Promise<T>): Promise<T>;
  /** Keeps nothing. Gives what the server has certainly not taken. */
  drop(): Shown | undefined;
}

export function createKept(): Kept {
  let kept: { readonly purpose: string; readonly shown: Shown; readonly isRefused: boolean } | undefined;

  return {
    of: (purpose) => (kept?.purpose === purpose ? kept.shown : undefined),
    async sent(purpose, shown, send) {
      kept = undefined;
      try {
        return await send();
      } catch (error) {
        // Without a response, the server may have taken it.
        if (error instanceof CountersignError && !FINAL.test(error.code)) kept = { purpose, shown, isRefused: error.status >= 400 && error.status < 500 };
        throw error;
      }
    },
    drop() {
      const { shown, isRefused } = kept ?? {};
      kept = undefined;
      return isRefused ? shown : undefined;
    },
  };
}
