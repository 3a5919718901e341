// The names of accounts, for events that say only their IDs.

import { CountersignError } from '@countersign/client';
import { api } from './api.ts';
import type { Account } from './wire.ts';

const known = new Map<string, Promise<string | undefined>>();

/** The name of an account; `undefined` if it is deleted. Asked for once. */
export function nameOf(accountId: string): Promise<string | undefined> {
  let name = known.get(accountId);
  if (!name) {
    name = ask(accountId);
    known.set(accountId, name);
    // A failure is not remembered.
    name.catch(() => known.delete(accountId));
  }
  return name;
}

async function ask(accountId: string): Promise<string | undefined> {
  try {
    const { user } = await api<{ user: Account }>('GET', `/api/admin/users/${encodeURIComponent(accountId)}`);
    return user.username;
  } catch (error) {
    if (error instanceof CountersignError && error.status === 404) return undefined;
    throw error;
  }
}

/** The ID of the account with this name, or the text itself if it is an ID; `undefined` if there is none. */
export async function idOf(nameOrId: string): Promise<string | undefined> {
  if (/^[0-9a-f]{8}-[0-9a-f-]{27}$/i.test(nameOrId)) return nameOrId;
  const query = new URLSearchParams({ search: nameOrId, limit: '100' });
  const { users } = await api<{ users: Account[] }>('GET', `/api/admin/users?${query.toString()}`);
  const same = (name: string): string => name.normalize('NFKC').toLowerCase();
  return users.find(({ username }) => same(username) === same(nameOrId))?.userId;
}
