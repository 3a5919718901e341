// The one error type. Programs look at `code`; `message` is for people.

import type { ErrorCode as ServerErrorCode } from './wire.ts';

/** The codes with which the server says that this session is over. Nothing else signs a user out. */
export type SessionOverCode = Extract<
  ServerErrorCode,
  'no_refresh_token' | 'invalid_refresh_token' | 'session_expired' | 'session_revoked' | 'refresh_token_reused' | 'reauthentication_required' | 'device_proof_required'
>;

export type ErrorCode =
  | ServerErrorCode
  /** No response: there is no connection, or it broke off. */
  | 'network'
  /** No response in time. */
  | 'timeout'
  /** The response is not Countersign's, for example a proxy's error page. */
  | 'unexpected_response'
  /** What somebody typed is neither the code nor the link of a mail; nothing was sent. Of the second module. */
  | 'not_a_code'
  // Codes of newer servers pass through, and editors still complete the known ones.
  | (string & {});

export class CountersignError extends Error {
  override readonly name = 'CountersignError';
  /** Stable, for programs. */
  declare readonly code: ErrorCode;
  /** The HTTP status; 0 if there was no response. */
  declare readonly status: number;
  /** The wait that the server asks for, in milliseconds; `undefined` if it asks for none. */
  declare readonly retryAfterMs: number | undefined;
  /** The JSON of the server's response, which says more with some codes: `deletionAt` with `deletion_pending`. */
  declare readonly body: unknown;

  constructor(code: ErrorCode, message: string = code, status = 0, retryAfterMs?: number, body?: unknown, cause?: unknown) {
    super(message, { cause });
    Object.assign(this, { code, status, retryAfterMs, body });
  }
}

/** These codes and no others of the server; the whole names would not fit into the size that the core may have. */
const SESSION_OVER = /^(session_|reauth|(invalid_)?refresh_)/;

/** A bound session, and nothing that proves that this is the device. Where the browser itself makes the proof, it may come late. */
export function isProofMissing(code: ErrorCode): code is 'device_proof_required' {
  return code.startsWith('device');
}

/**
 * Whether the session is certainly over, so that a token which is still valid must go too. A missing cookie or proof proves less (the
 * user may have cleared the cookies): then a token that works is kept.
 */
export function isSessionOver(code: ErrorCode, isTokenDead: boolean): code is SessionOverCode {
  return SESSION_OVER.test(code) || (isTokenDead && (code === 'no_refresh_token' || isProofMissing(code)));
}
