// Calls the server's API for the signed-in pages.

import { createClient, type Client } from '@countersign/client';
import { address } from './base.ts';
import { call } from './call.ts';
import { proved } from './device.ts';

export { isCode, isOffline, messageOf, sentence } from './call.ts';

export const client: Client = createClient({ baseUrl: address, ...proved });

/** As `call`, with the access token. */
export function api<T = undefined>(method: string, path: string, body?: object): Promise<T> {
  return call<T>(client.fetch, method, path, body);
}

/** Whether it is the account of whoever is signed in here. */
export function isMine(accountId: string): boolean {
  return client.user?.userId === accountId;
}
