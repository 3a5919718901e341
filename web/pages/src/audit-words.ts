// What the events of the audit log are called on the pages, and how they are grouped.

import { element } from './dom.ts';
import { words } from './format.ts';
import { AUDIT_KINDS, type AuditEvent } from './wire.ts';

type Kind = (typeof AUDIT_KINDS)[number];

const GROUPS: Record<string, Partial<Record<Kind, string>>> = {
  'Sign-ins and sessions': {
    login_succeeded: 'Sign-in succeeded',
    login_failed: 'Sign-in failed',
    login_throttled: 'Attempts refused',
    spray_suspected: 'Password spraying suspected',
    session_ended: 'Session ended',
    refresh_reuse_detected: 'Refresh token used twice',
    session_healed: 'Session kept after lost writes',
    revocation_restored: 'Session ended again after lost writes',
  },
  Passwords: {
    password_changed: 'Password changed',
    password_taken_over: 'Password taken over',
    password_reset: 'Password reset by mail',
    password_change_required: 'New password required',
    password_change_waived: 'New password waived',
  },
  Accounts: {
    account_created: 'Account created',
    account_changed: 'Account changed',
    account_disabled: 'Account disabled',
    account_enabled: 'Account enabled',
    account_deletion_requested: 'Deletion asked for',
    account_deletion_cancelled: 'Deletion cancelled',
    account_deleted: 'Account deleted',
    accounts_exported: 'Accounts exported',
    email_added: 'E-mail address added',
    email_verified: 'E-mail address verified',
    email_primary_changed: 'Notices to another address',
    email_removed: 'E-mail address removed',
    ticket_issued: 'Mail with a link asked for',
  },
  'Keys and services': {
    key_created: 'Key created',
    key_imported: 'Key imported',
    key_exported: 'Key exported',
    key_restored: 'Key put back after lost writes',
    key_withdrawn: 'Key withdrawn',
    key_removed: 'Key removed',
    master_key_changed: 'Master key changed',
    feed_key_created: 'Feed key created',
    feed_key_removed: 'Feed key removed',
    client_created: 'Client created',
    client_removed: 'Client removed',
    api_key_created: 'API key created',
    api_key_used: 'API key used, first on this day',
    api_key_revoked: 'API key revoked',
  },
  Mail: { delivery_retried: 'Mail tried again', delivery_dropped: 'Mail deleted' },
  Store: { store_restored: 'Store put back', backup_made: 'Backup made' },
};

const NAMES: Record<string, string> = Object.assign({}, ...Object.values(GROUPS));

function nameOfKind(kind: string): string {
  return NAMES[kind] ?? words(kind);
}

const BAD = /failed|throttled|suspected|reuse|deleted|disabled|exported|restored|withdrawn/;
const GOOD = /succeeded|enabled|created|healed/;

/** What happened, as a badge. */
export function eventBadge({ event }: AuditEvent): HTMLElement {
  const kind = BAD.test(event) ? ' bad' : GOOD.test(event) ? ' good' : '';
  return element('span', { class: `badge${kind}` }, nameOfKind(event));
}

/** Why a session has ended. */
const REASONS: Record<string, string> = {
  logout: 'signed out',
  replaced: 'a new sign-in in the same browser',
  reuse: 'its refresh token was used twice',
  password_changed: 'the password was changed',
  password_change_required: 'a new password is required',
  account_disabled: 'the account was disabled',
  ended: 'ended from elsewhere',
  too_many: 'too many sessions',
  restored: 'the store was put back',
};

/** What there is to say about an event; a reason's name in words. */
export function detailOf({ event, detail }: AuditEvent): string | null | undefined {
  if (!detail) return detail;
  if (event === 'session_ended') return REASONS[detail] ?? detail;
  return event === 'login_failed' ? (FAILURES[detail] ?? detail) : detail;
}

const FAILURES: Record<string, string> = {
  account_disabled: 'the account is disabled',
  password_change_required: 'a new password is required',
};

/** All kinds in groups; one that is in none of them comes last. */
export function eventOptions(): HTMLElement[] {
  const option = (kind: string): HTMLElement => element('option', { value: kind }, nameOfKind(kind));
  const groups = Object.entries(GROUPS).map(([label, kinds]) => element('optgroup', { label }, ...Object.keys(kinds).map(option)));
  return [...groups, ...AUDIT_KINDS.filter((kind) => !(kind in NAMES)).map(option)];
}
