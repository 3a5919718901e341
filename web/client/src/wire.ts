// Generated from the Rust code by `WRITE_TYPESCRIPT=1 cargo test -p countersign typescript`. Do not edit.

/** The codes of the server's errors. */
export type ServerErrorCode =
  | 'ambiguous_refresh_token'
  | 'audience_not_permitted'
  | 'body_too_large'
  | 'conflict'
  | 'cross_origin'
  | 'forbidden'
  | 'internal_error'
  | 'invalid_credentials'
  | 'invalid_password'
  | 'invalid_refresh_token'
  | 'invalid_request'
  | 'invalid_token'
  | 'invalid_value'
  | 'last_administrator'
  | 'method_not_allowed'
  | 'no_refresh_token'
  | 'not_found'
  | 'overloaded'
  | 'password_change_required'
  | 'password_common'
  | 'password_like_service'
  | 'password_like_username'
  | 'password_repetitive'
  | 'password_too_short'
  | 'password_unchanged'
  | 'refresh_token_reused'
  | 'request_timeout'
  | 'session_expired'
  | 'session_revoked'
  | 'shared_secret'
  | 'token_expired'
  | 'token_required'
  | 'token_revoked'
  | 'token_too_large'
  | 'too_many_attempts'
  | 'too_many_keys'
  | 'unavailable'
  | 'unknown_audience'
  | 'unsupported_media_type'
  | 'username_looks_alike'
  | 'username_taken'
  | 'wrong_password';

/** The signed-in account, as a token response names it. */
export interface User {
  readonly userId: string;
  readonly username: string;
  readonly role: string;
}

/** The body of a successful login or refresh. */
export interface TokenResponse {
  readonly accessToken: string;
  /** The access token again, under the name that the simplest clients look for. */
  readonly token: string;
  /** `Bearer` (RFC 6750). */
  readonly tokenType: string;
  /** Seconds from now until the access token expires. */
  readonly expiresIn: number;
  readonly user: User;
  /** For a client that asked for it in the body. */
  readonly refreshToken?: string;
  /** For a client that asked for its tokens in the body: it makes the device known at the next login. */
  readonly deviceToken?: string;
}
