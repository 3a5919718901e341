// What the events of the audit log are called on the pages, and how they are grouped.

import { element } from './dom.ts';
import { words } from './format.ts';
import { AUDIT_KINDS, type AuditEvent } from './wire.ts';
import { t } from './words.ts';

type Kind = (typeof AUDIT_KINDS)[number];

const GROUPS: Record<string, Partial<Record<Kind, string>>> = {
  [t('Sign-ins and sessions')]: {
    login_succeeded: t('Sign-in succeeded'),
    sign_in_approved: t('Sign-in by mail let through'),
    login_failed: t('Sign-in failed'),
    login_throttled: t('Attempts refused'),
    spray_suspected: t('Password spraying suspected'),
    session_ended: t('Session ended'),
    refresh_reuse_detected: t('Refresh token used twice'),
    session_healed: t('Session kept after lost writes'),
    revocation_restored: t('Session ended again after lost writes'),
  },
  [t('Passwords')]: {
    password_changed: t('Password changed'),
    password_taken_over: t('Password taken over'),
    password_reset: t('Password reset by mail'),
    password_change_required: t('New password required'),
    password_change_waived: t('New password waived'),
  },
  [t('Second step')]: {
    factor_added: t('Second factor added'),
    factor_removed: t('Second factor removed'),
    recovery_codes_made: t('Recovery codes made'),
    recovery_code_used: t('Recovery code used'),
    device_trusted: t('Device trusted'),
    device_bound: t('Session bound to a device'),
    device_proof_missing: t('Session of another device refused'),
    app_allowed: t('App allowed'),
    app_connected: t('App connected'),
    app_disconnected: t('App disconnected'),
    reauthenticated: t('Shown again who they are'),
  },
  [t('Accounts')]: {
    account_created: t('Account created'),
    account_changed: t('Account changed'),
    account_disabled: t('Account disabled'),
    account_enabled: t('Account enabled'),
    account_deletion_requested: t('Deletion asked for'),
    account_deletion_cancelled: t('Deletion cancelled'),
    account_deleted: t('Account deleted'),
    accounts_exported: t('Accounts exported'),
    email_added: t('E-mail address added'),
    email_verified: t('E-mail address verified'),
    email_primary_changed: t('Notices to another address'),
    email_removed: t('E-mail address removed'),
    email_restored: t('Former e-mail address brought back'),
    account_registered: t('Account registered by its owner'),
    invitation_withdrawn: t('Invitation withdrawn'),
    ticket_issued: t('Mail with a link asked for'),
  },
  [t('Keys and services')]: {
    key_created: t('Key created'),
    key_imported: t('Key imported'),
    key_exported: t('Key exported'),
    key_restored: t('Key put back after lost writes'),
    key_withdrawn: t('Key withdrawn'),
    key_removed: t('Key removed'),
    master_key_changed: t('Master key changed'),
    feed_key_created: t('Feed key created'),
    feed_key_removed: t('Feed key removed'),
    client_created: t('Client created'),
    client_removed: t('Client removed'),
    api_key_created: t('API key created'),
    api_key_used: t('API key used, first on this day'),
    api_key_revoked: t('API key revoked'),
  },
  [t('Mail')]: { delivery_retried: t('Mail tried again'), delivery_dropped: t('Mail deleted') },
  [t('Store')]: { store_restored: t('Store put back'), backup_made: t('Backup made') },
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
  logout: t('signed out'),
  replaced: t('a new sign-in in the same browser'),
  reuse: t('its refresh token was used twice'),
  password_changed: t('the password was changed'),
  password_change_required: t('a new password is required'),
  account_disabled: t('the account was disabled'),
  ended: t('ended from elsewhere'),
  too_many: t('too many sessions'),
  restored: t('the store was put back'),
  factor_changed: t('the second step was changed'),
};

/** What there is to say about an event; a reason's name in words. */
export function detailOf({ event, detail }: AuditEvent): string | null | undefined {
  if (!detail) return detail;
  if (event === 'session_ended') return REASONS[detail] ?? detail;
  return event === 'login_failed' ? (FAILURES[detail] ?? detail) : detail;
}

const FAILURES: Record<string, string> = {
  account_disabled: t('the account is disabled'),
  password_change_required: t('a new password is required'),
};

/** All kinds in groups; one that is in none of them comes last. */
export function eventOptions(): HTMLElement[] {
  const option = (kind: string): HTMLElement => element('option', { value: kind }, nameOfKind(kind));
  const groups = Object.entries(GROUPS).map(([label, kinds]) => element('optgroup', { label }, ...Object.keys(kinds).map(option)));
  return [...groups, ...AUDIT_KINDS.filter((kind) => !(kind in NAMES)).map(option)];
}
