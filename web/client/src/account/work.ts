// Proof of work: what the server demands before it sends a mail, while very many are asked for.
//
// It is done in short slices of the page's own thread. A Worker would take its script from an address, which the policy of many a
// page (`require-trusted-types-for`) allows to nobody, and the page has nothing else to do meanwhile.

import { sha256Of } from './sha256.ts';

/** What the server says with `proof_required`. */
export interface Challenge {
  readonly challenge: string;
  readonly difficulty: number;
}

/** The challenge in the body of an error; `undefined` if there is none. */
export function challengeIn(body: unknown): Challenge | undefined {
  const { challenge, difficulty } = (body ?? {}) as Partial<Challenge>;
  return typeof challenge === 'string' && typeof difficulty === 'number' ? { challenge, difficulty } : undefined;
}

/** The challenge, a dot and the first number with which SHA-256 of the text begins with `difficulty` zero bits. */
export async function solve({ challenge, difficulty }: Challenge): Promise<string> {
  const hash = sha256Of(`${challenge}.`);
  for (let number = 0; ; number += SLICE) {
    for (let next = number; next < number + SLICE; next++) {
      if (zeroBits(hash(String(next))) >= difficulty) return `${challenge}.${next}`;
    }
    await pause();
  }
}

/** How many bits of the hash are zero before the first one. More than 32 are never demanded. */
function zeroBits(words: Int32Array): number {
  return Math.clz32(words[0] ?? 0);
}

/** Lets the page do what it has to do. Timers wait a second in a page that is not in front, messages do not. */
function pause(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}

/** Hashes between two pauses: some 10 ms. */
const SLICE = 4096;
