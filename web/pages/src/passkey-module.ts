// The client's module for passkeys, which is loaded where the server offers them and this browser has them.

import { CountersignError } from '@countersign/client';
import type { Passkeys } from '@countersign/client/passkeys';
import { client } from './api.ts';
import { proved } from './device.ts';
import { hasPasskeys } from './site.ts';

export const canUsePasskeys: boolean = hasPasskeys && typeof PublicKeyCredential === 'function';

let loaded: Promise<Passkeys> | undefined;

/** One for the page. */
export function passkeys(): Promise<Passkeys> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<Passkeys> {
  try {
    const { createPasskeys } = await import('@countersign/client/passkeys');
    return createPasskeys(client, proved);
  } catch (cause) {
    // A failure is not remembered.
    loaded = undefined;
    throw new CountersignError('network', 'No response', 0, undefined, undefined, cause);
  }
}
