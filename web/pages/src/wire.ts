// Generated from the Rust code by `WRITE_TYPESCRIPT=1 cargo test -p countersign typescript`. Do not edit.

/** The kinds of events in the audit log. */
export const AUDIT_KINDS = [
  'login_succeeded',
  'login_failed',
  'login_throttled',
  'spray_suspected',
  'session_ended',
  'refresh_reuse_detected',
  'session_healed',
  'password_changed',
  'password_change_required',
  'password_change_waived',
  'account_created',
  'account_changed',
  'account_disabled',
  'account_enabled',
  'account_deleted',
  'accounts_exported',
  'key_created',
  'key_removed',
] as const;
