// The names of accounts, for events that say only their IDs.

import { CountersignError } from '@countersign/client';
import { api } from './api.ts';
import type { Account } from './wire.ts';

export interface AccountName {
  /** `undefined` if nobody knows it any more. */
  readonly name?: string;
  readonly isDeleted: boolean;
}

const known = new Map<string, Promise<AccountName>>();

/** The name of an account. Asked for once. */
export function nameOf(accountId: string): Promise<AccountName> {
  let name = known.get(accountId);
  if (!name) {
    name = ask(accountId);
    known.set(accountId, name);
    // A failure is not remembered.
    name.catch(() => known.delete(accountId));
  }
  return name;
}

/** The audit log says what a deleted account was called: the server need not be asked. */
export function rememberDeleted(accountId: string, name: string): void {
  known.set(accountId, Promise.resolve({ name, isDeleted: true }));
}

async function ask(accountId: string): Promise<AccountName> {
  try {
    const { user } = await api<{ user: Account }>('GET', `/api/admin/users/${encodeURIComponent(accountId)}`);
    return { name: user.username, isDeleted: false };
  } catch (error) {
    if (error instanceof CountersignError && error.status === 404) return { isDeleted: true };
    throw error;
  }
}

/** The ID of the account with this name, or the text itself if it is an ID; `undefined` if there is none. */
export async function idOf(nameOrId: string): Promise<string | undefined> {
  if (/^[0-9a-f]{8}-[0-9a-f-]{27}$/i.test(nameOrId)) return nameOrId;
  const same = (name: string): string => name.normalize('NFKC').toLowerCase();
  // From just before the name itself: any number of names that contain it may come earlier in their order.
  const query = new URLSearchParams({ search: nameOrId, after: justBefore(same(nameOrId)), limit: '100' });
  const { users } = await api<{ users: Account[] }>('GET', `/api/admin/users?${query.toString()}`);
  return users.find(({ username }) => same(username) === same(nameOrId))?.userId;
}

/** A text that sorts before `name`, with hardly a name between them. */
function justBefore(name: string): string {
  const characters = [...name];
  const last = characters.pop()?.codePointAt(0) ?? 1;
  return `${characters.join('')}${String.fromCodePoint(last - 1)}\u{10fffd}`;
}
