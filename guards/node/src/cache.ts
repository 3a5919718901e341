// Verified tokens and their claims. Expiry and revocation depend on the time, so they are checked again on each hit.
//
// The key is the whole token, never a part or a digest. A cache belongs to one guard and so to one policy: a token
// accepted for one audience is not accepted for another.

import type { AccessClaims } from './claims.ts';

interface Entry {
  readonly claims: AccessClaims;
  /** The version of the keys that verified it: tokens of keys that have been withdrawn must fail. */
  readonly keysVersion: number;
}

/** Tokens are at most 8 KiB, most of them a tenth of that. */
const MAX_ENTRIES = 10_000;

/** The tokens that were used last. */
export class TokenCache {
  readonly #entries = new Map<string, Entry>(); // in the order of their use

  get(token: string, keysVersion: number): AccessClaims | undefined {
    const entry = this.#entries.get(token);
    if (!entry) return undefined;
    this.#entries.delete(token);
    if (entry.keysVersion !== keysVersion) return undefined;
    this.#entries.set(token, entry);
    return entry.claims;
  }

  set(token: string, claims: AccessClaims, keysVersion: number): void {
    this.#entries.set(token, { claims, keysVersion });
    if (this.#entries.size > MAX_ENTRIES) {
      const [oldest] = this.#entries.keys();
      if (oldest !== undefined) this.#entries.delete(oldest);
    }
  }

  delete(token: string): void {
    this.#entries.delete(token);
  }
}
