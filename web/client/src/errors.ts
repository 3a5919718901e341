// The one error type. Programs look at `code`; `message` is for people.

/** The codes by which the server says that this session is over. Nothing else signs a user out. */
export type SessionOverCode =
  | 'no_refresh_token'
  | 'invalid_refresh_token'
  | 'session_expired'
  | 'session_revoked'
  | 'refresh_token_reused';

export type ErrorCode =
  | SessionOverCode
  | 'invalid_credentials'
  | 'password_change_required'
  | 'token_required'
  | 'invalid_token'
  /** No answer came: no connection, or it was cut. */
  | 'network'
  /** No answer came in time. */
  | 'timeout'
  /** The answer was not one of ours, for example a proxy's error page. */
  | 'unexpected_response'
  // Codes of newer servers pass through, and editors still complete the known ones.
  | (string & {});

export class CountersignError extends Error {
  override readonly name = 'CountersignError';
  /** Stable, for programs. */
  declare readonly code: ErrorCode;
  /** The HTTP status, 0 when there was no answer. */
  declare readonly status: number;
  /** How long the server asks to wait, in milliseconds, if it does. */
  declare readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, status = 0, retryAfterMs?: number, cause?: unknown) {
    super(message, { cause });
    Object.assign(this, { code, status, retryAfterMs });
  }
}

const SESSION_OVER: ReadonlySet<string> = new Set([
  'invalid_refresh_token',
  'session_expired',
  'session_revoked',
  'refresh_token_reused',
]);

/**
 * Whether the session is certainly over, so that a token which is still valid must go too. A missing
 * cookie proves less (the user may have cleared the cookies): then a token that works is kept.
 */
export function isSessionOver(code: ErrorCode, isTokenDead: boolean): code is SessionOverCode {
  return SESSION_OVER.has(code) || (isTokenDead && code === 'no_refresh_token');
}
