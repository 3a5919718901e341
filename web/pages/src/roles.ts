// Roles: free words, which are compared as they are spelt. A misspelt one has no rights, and nobody would notice.

import { api } from './api.ts';
import { element } from './dom.ts';
import { confirmed } from './shell.ts';
import { t } from './words.ts';

/** What has been seen so far, for suggestions. */
const seen = new Set(['admin', 'user']);

/** Suggests the roles seen so far in every field with `list="roles"`. */
export function suggestRoles(roles: Iterable<string>): void {
  for (const role of roles) seen.add(role);
  let list = document.getElementById('roles');
  if (!list) {
    list = element('datalist', { id: 'roles' });
    document.body.append(list);
  }
  list.replaceChildren(...[...seen].sort().map((role) => element('option', { value: role })));
}

/** Whether a role is meant as it is spelt: some user has it, or the administrator says so. Throws if it is a misspelt `admin`. */
export async function isMeant(role: string): Promise<boolean> {
  if (role !== 'admin' && role.toLowerCase() === 'admin') throw new Error(t('The role {role} has no rights: write admin.', { role }));
  if (role === 'admin' || role === 'user') return true;
  const { total } = await api<{ total: number }>('GET', `/api/admin/users?${new URLSearchParams({ role, limit: '1' }).toString()}`);
  return total > 0 || confirmed(t('No user has the role {role} yet. Create it? Your services decide what it allows; check its spelling.', { role }), t('Create role'), 'primary');
}
