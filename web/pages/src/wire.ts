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
  'revocation_restored',
  'store_restored',
  'backup_made',
  'password_changed',
  'password_taken_over',
  'password_change_required',
  'password_change_waived',
  'account_created',
  'account_changed',
  'account_disabled',
  'account_enabled',
  'account_deleted',
  'accounts_exported',
  'key_created',
  'key_imported',
  'key_exported',
  'key_restored',
  'key_withdrawn',
  'key_removed',
  'feed_key_created',
  'feed_key_removed',
  'client_created',
  'client_removed',
] as const;

/** An account, as its owner and administrators see it. */
export interface Account {
  readonly userId: string;
  readonly username: string;
  readonly role: string;
  /** The application's own claims, which go into every access token. */
  readonly claims: Record<string, unknown>;
  readonly disabled: boolean;
  /** Since when, if it is disabled. */
  readonly disabledAt: string | null;
  /** Whether it has a password here; without one its owner cannot sign in with any that is kept here. */
  readonly hasPassword: boolean;
  /** Whether the owner must choose a new password before the next session starts. */
  readonly passwordChangeRequired: boolean;
  readonly createdAt: string;
}

/** A live session: one login on one device. */
export interface Session {
  readonly id: string;
  readonly accountId: string;
  /** The `User-Agent` of the login. */
  readonly userAgent: string | null;
  /** The client address of the login or of the last rotation. */
  readonly address: string | null;
  readonly createdAt: string;
  readonly lastUsedAt: string;
  /** When it ends unless it is used before. */
  readonly expiresAt: string;
  /** Whether it is the session of the request; absent on the command line. */
  readonly current?: boolean;
}

/** A signing key; never the key itself. */
export interface Key {
  readonly kid: string;
  readonly alg: string;
  /** `next` is published and does not sign yet, `active` signs, `retired` still verifies. */
  readonly state: string;
  readonly createdAt: string;
  /** From when on it signs. */
  readonly activeFrom: string;
}

/** An event of the audit log. */
export interface AuditEvent {
  /** Its number in the log. Where several nodes write the log, an event with a smaller one may appear later. */
  readonly sequence: number;
  readonly at: string;
  readonly event: string;
  /** `anonymous`, `account`, `command_line` or `system`. */
  readonly actor: string;
  readonly address: string | null;
  /** The account that the event is about. */
  readonly accountId: string | null;
  readonly sessionId: string | null;
  readonly detail: string | null;
  /** The account that acted, if one did. */
  readonly actorId?: string;
  /** The `X-Request-Id` of the response, if it was an HTTP request. */
  readonly requestId?: string;
}

/** A feed key; never the key itself. */
export interface FeedKey {
  readonly name: string;
  readonly createdAt: string;
}

/** A service that follows the feed of ended sessions at this moment. */
export interface Follower {
  /** The name of its feed key; `null` where the feed is public. */
  readonly name: string | null;
  readonly address: string | null;
  /** Since when it is connected. */
  readonly since: string;
  /** Whether it has a stream; otherwise it asks again and again. */
  readonly stream: boolean;
  /** How many events it has not been given yet. */
  readonly behind: number;
  /** For how long it has not had everything, in milliseconds. */
  readonly lag: number;
}
