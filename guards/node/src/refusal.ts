// Every way to be refused and its one response: status, `WWW-Authenticate` (RFC 6750 §3) and JSON body. The body tells
// the client the kind of failure and no detail; the detail is in `reason`, for the log.

/** The stable code in the body of a refusal. */
export type RefusalCode =
  | 'token_required'
  | 'invalid_token'
  | 'token_expired'
  | 'token_too_large'
  | 'token_revoked'
  | 'token_bound'
  | 'token_too_old'
  | 'forbidden'
  | 'insufficient_scope'
  | 'keys_unavailable'
  | 'revocations_unavailable';

interface Row {
  readonly code: RefusalCode;
  readonly status: number;
  readonly text: string;
  /** What follows `Bearer realm="api"`; null for a 503, which challenges nobody: another token would fare no better. */
  readonly challenge: string | null;
}

const INVALID: Row = { code: 'invalid_token', status: 401, text: 'Invalid token', challenge: ', error="invalid_token"' };

/** THE table: reasons with a response of their own. Each other one is an invalid token. */
const ROWS: Readonly<Record<string, Row>> = {
  // A request without a token gets no error code (RFC 6750 §3.1, last paragraph).
  token_required: { code: 'token_required', status: 401, text: 'Token required', challenge: '' },
  expired: {
    code: 'token_expired',
    status: 401,
    text: 'Token expired',
    challenge: ', error="invalid_token", error_description="The access token expired"',
  },
  token_too_long: { ...INVALID, code: 'token_too_large', status: 413, text: 'Token too large' },
  too_old: { ...INVALID, code: 'token_too_old' },
  token_bound: {
    ...INVALID,
    code: 'token_bound',
    challenge: ', error="invalid_token", error_description="The access token is bound to a key"',
  },
  revoked: { ...INVALID, code: 'token_revoked', text: 'Session ended' },
  missing_role: { code: 'forbidden', status: 403, text: 'Not allowed', challenge: ', error="insufficient_scope"' },
  missing_scope: { code: 'insufficient_scope', status: 403, text: 'Not allowed', challenge: ', error="insufficient_scope"' },
  // The token may be valid, so these are no 401, at which a client would discard it.
  keys_unavailable: { code: 'keys_unavailable', status: 503, text: 'Try again later', challenge: null },
  revocations_unavailable: { code: 'revocations_unavailable', status: 503, text: 'Try again later', challenge: null },
};

/** Why a request is refused, and the response to it. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  /** Which check failed, for the log and not for the client: `'wrong_audience'`. */
  readonly reason: string;
  /** The code in the body: `'invalid_token'`. */
  readonly code: RefusalCode;
  /** The status: 401, 403, 413 or 503. */
  readonly status: number;
  /** The headers of the response, in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The JSON body of the response. */
  readonly body: { readonly error: string; readonly code: RefusalCode };

  constructor(reason: string) {
    const { code, status, text, challenge } = ROWS[reason] ?? INVALID;
    super(`refused: ${reason}`);
    this.reason = reason;
    this.code = code;
    this.status = status;
    this.body = { error: text, code };
    this.headers = {
      'content-type': 'application/json',
      'cache-control': 'no-store',
      ...(challenge === null ? { 'retry-after': '5' } : { 'www-authenticate': `Bearer realm="api"${challenge}` }),
    };
  }

  /** The response, for frameworks with the `Response` of the Fetch standard. */
  toResponse(): Response {
    return new Response(JSON.stringify(this.body), { status: this.status, headers: this.headers });
  }
}
