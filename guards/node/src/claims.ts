// The claims of a verified token, and the roles and scopes in them.

/**
 * The claims of an access token that passed every check (RFC 7519 §4.1, RFC 9068 §2.2). Times are in seconds since
 * 1970-01-01 UTC.
 */
export interface AccessClaims {
  /** Who issued it. Subjects are unique per issuer only. */
  readonly iss: string;
  /** Whom it speaks for; never empty. */
  readonly sub: string;
  readonly aud: string | readonly string[];
  /** The first second at which it is no longer valid. */
  readonly exp: number;
  readonly iat: number;
  readonly nbf?: number;
  readonly jti?: string;
  /** The session that it belongs to. */
  readonly sid?: string;
  readonly client_id?: string;
  readonly scope?: string;
  readonly auth_time?: number;
  readonly amr?: readonly string[];
  readonly acr?: string;
  readonly [claim: string]: unknown;
}

/** Whether the token has this role, by `role`, or where that is absent by `roles`: one name or a list of names. */
export function hasRole(claims: AccessClaims, role: string): boolean {
  const held = claims[Object.hasOwn(claims, 'role') ? 'role' : 'roles'];
  return (strings(held) ?? []).includes(role);
}

/**
 * Whether the token has this scope, by `scope` (names separated by spaces), or where that is absent by `scp` (the same,
 * or a list of names).
 */
export function hasScope(claims: AccessClaims, scope: string): boolean {
  const held = claims[Object.hasOwn(claims, 'scope') ? 'scope' : 'scp'];
  const names = typeof held === 'string' ? held.split(' ') : strings(held);
  return scope !== '' && (names ?? []).includes(scope);
}

/** One text, or a list of texts; undefined for everything else, so that nobody gains anything by another type. */
export function strings(value: unknown): readonly string[] | undefined {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.every((item) => typeof item === 'string') ? list : undefined;
}
