// What a token must say to be accepted, rule by rule, in the order of RFC 7519 §4.1 and RFC 9068 §4. A claim of the
// wrong type is an error and never "absent".

import { hasRole, hasScope, strings, type AccessClaims } from './claims.ts';
import { Refusal } from './refusal.ts';

/** What a route demands of its callers beyond a valid token: every one of these. */
export interface Demands {
  readonly scopes?: readonly string[];
  readonly roles?: readonly string[];
}

export interface Policy {
  readonly issuer: string;
  readonly audiences: readonly string[];
  /** `'at+jwt'` (RFC 9068), or `'JWT'` for issuers that do not follow it: `JWT` or no `typ` at all. */
  readonly type: 'at+jwt' | 'JWT';
  readonly leewaySeconds: number;
  readonly demands: Demands;
}

type Claims = Readonly<Record<string, unknown>>;

/** Throws a `Refusal` unless these signed claims satisfy the policy at this time, in Unix seconds. */
export function validate(claims: Claims, type: string | undefined, policy: Policy, now: number): AccessClaims {
  if (!isType(type, policy.type)) throw new Refusal('wrong_type');
  if (required(claims, 'iss', string) !== policy.issuer) throw new Refusal('wrong_issuer');
  if (!required(claims, 'aud', strings).some((name) => policy.audiences.includes(name))) throw new Refusal('wrong_audience');
  const latest = now + policy.leewaySeconds;
  if (isExpired(required(claims, 'exp', time), policy, now)) throw new Refusal('expired');
  // A fraction of a second counts against the token.
  if (Math.ceil(optional(claims, 'nbf', time) ?? 0) > latest) throw new Refusal('not_yet_valid');
  if (Math.ceil(required(claims, 'iat', time)) > latest) throw new Refusal('issued_in_the_future');
  if (required(claims, 'sub', string) === '') throw new Refusal('claim_type');
  const tokenId = optional(claims, 'jti', string);
  if (policy.type === 'at+jwt' && tokenId === undefined) throw new Refusal('missing_claim'); // RFC 9068 §2.2
  optional(claims, 'auth_time', time);
  optional(claims, 'amr', list);
  for (const name of ['sid', 'client_id', 'scope', 'acr']) optional(claims, name, string);
  const confirmation = optional(claims, 'cnf', object);
  const thumbprint = confirmation && optional(confirmation, 'jkt', jwkThumbprint);
  const checked = claims as AccessClaims;
  demand(checked, policy.demands);
  // Bound to a key, it is good only with a proof (RFC 9449 §7.2), and this guard checks none.
  if (thumbprint !== undefined) throw new Refusal('token_bound');
  return checked;
}

/** RFC 7519 §4.1.4: "on or after" `exp` the token must not be accepted. */
export function isExpired(exp: number, policy: Policy, now: number): boolean {
  return now >= Math.floor(exp) + policy.leewaySeconds;
}

/** Throws a `Refusal` unless the token has every scope and every role. */
export function demand(claims: AccessClaims, { scopes = [], roles = [] }: Demands): void {
  if (!scopes.every((scope) => hasScope(claims, scope))) throw new Refusal('missing_scope');
  if (!roles.every((role) => hasRole(claims, role))) throw new Refusal('missing_role');
}

/** Compared without case and without a leading `application/` (RFC 7515 §4.1.9). */
function isType(type: string | undefined, expected: Policy['type']): boolean {
  if (type === undefined) return expected === 'JWT';
  return type.toLowerCase().replace(/^application\/(?=[^/]*$)/, '') === expected.toLowerCase();
}

/** Gives undefined for the wrong type. */
type Read<T> = (value: unknown) => T | undefined;

function required<T>(claims: Claims, name: string, read: Read<T>): T {
  const value = optional(claims, name, read);
  if (value === undefined) throw new Refusal('missing_claim');
  return value;
}

function optional<T>(claims: Claims, name: string, read: Read<T>): T | undefined {
  if (!Object.hasOwn(claims, name)) return undefined;
  const value = read(claims[name]);
  if (value === undefined) throw new Refusal('claim_type');
  return value;
}

function object(value: unknown): Claims | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Claims) : undefined;
}

/** 32 bytes in canonical base64url. */
function jwkThumbprint(value: unknown): string | undefined {
  return typeof value === 'string' && /^[\w-]{42}[AEIMQUYcgkosw048]$/.test(value) ? value : undefined;
}

function string(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function list(value: unknown): readonly string[] | undefined {
  return Array.isArray(value) ? strings(value) : undefined;
}

/** 9999-12-31T23:59:59Z. Later times are mistakes, most often milliseconds. */
const MAX_TIME = 253_402_300_799;

function time(value: unknown): number | undefined {
  if (typeof value !== 'number') return undefined;
  if (value < 0 || value > MAX_TIME) throw new Refusal('time_out_of_range');
  return value;
}
