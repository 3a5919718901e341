// Makes a password that somebody else is told: the administrator need not invent one, nor type it blind.

import { leastLength } from './site.ts';

/** 32 of them, so that a byte chooses evenly; none that is taken for another when it is read aloud or copied by hand. */
const LETTERS = 'abcdefghijkmnpqrstuvwxyz23456789';
const GROUP = 5;
const LEAST_GROUPS = 4;

/** At least 100 bits, in groups: "k7m2p-…". */
export function newPassword(): string {
  const groups = Math.max(LEAST_GROUPS, Math.ceil((leastLength + 1) / (GROUP + 1)));
  const letters = Array.from(crypto.getRandomValues(new Uint8Array(groups * GROUP)), (byte) => LETTERS.charAt(byte % LETTERS.length));
  return Array.from({ length: groups }, (_, group) => letters.slice(group * GROUP, (group + 1) * GROUP).join('')).join('-');
}
