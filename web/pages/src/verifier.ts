// Asks the verifier of countersign-jwt, which runs here as WebAssembly: the same rules as in the
// server and on the command line.

import { verify as run } from './wasm.ts';

/** What must hold. What is absent is not asked for. */
export interface Question {
  readonly token: string;
  /** A secret, PEM, JWK or JWK Set; it is recognised by its text. */
  readonly key: string;
  /** For keys that do not say which one algorithm they are for. */
  readonly algorithm?: string;
  readonly issuer?: string;
  readonly audience?: string;
  readonly type?: string;
  /** Seconds since 1970. */
  readonly now: number;
}

export interface Verdict {
  /** In the order in which they are made; after a failed one no more are made. */
  readonly checks: readonly { readonly name: string; readonly passed: boolean }[];
  /** The rule that failed, and what would make the token pass. */
  readonly failed?: { readonly code: string; readonly message: string; readonly remedy: string };
}

export function verify(question: Question): Verdict {
  return JSON.parse(run(JSON.stringify(question))) as Verdict;
}
