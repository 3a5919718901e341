// What claims mean, in words and dates. Pure.

import { absolute, relative } from './format.ts';

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type JsonObject = { [name: string]: Json };

/** RFC 7519 §4.1, RFC 9068, OpenID Connect, and what Countersign adds. */
const MEANINGS: Record<string, string> = {
  iss: 'Issuer: who made the token',
  sub: 'Subject: whom it is about',
  aud: 'Audience: whom it is for',
  exp: 'Expires: not valid from then on',
  nbf: 'Not valid before',
  iat: 'Issued at',
  jti: 'ID of this token',
  sid: 'Session it belongs to',
  auth_time: 'When the user last signed in',
  username: 'User name',
  preferred_username: 'User name',
  userId: 'Account ID',
  role: 'Role',
  roles: 'Roles',
  groups: 'Groups',
  permissions: 'Permissions',
  scope: 'What it may be used for',
  client_id: 'Client that asked for it',
  azp: 'Client that it was issued to',
  nonce: 'Ties it to one sign-in request',
  name: 'Full name',
  email: 'E-mail address',
  email_verified: 'Whether the address was checked',
  acr: 'How strongly the user was authenticated',
  amr: 'By which methods',
  cnf: 'Key that the sender must prove to have',
  act: 'Who acts for the subject',
};

const DATES = new Set(['exp', 'nbf', 'iat', 'auth_time', 'updated_at']);
/** Values above this are no seconds: it is the year 5138. */
const LATEST_SECONDS = 1e11;

export interface ClaimRow {
  readonly name: string;
  readonly value: string;
  readonly meaning: string;
}

export function claimRows(payload: JsonObject, now: Date): ClaimRow[] {
  return Object.entries(payload).map(([name, value]) => ({
    name,
    value: typeof value === 'string' ? value : JSON.stringify(value),
    meaning: [MEANINGS[name], DATES.has(name) ? dateText(value, now) : undefined].filter(Boolean).join(' · '),
  }));
}

function dateText(value: Json, now: Date): string | undefined {
  if (typeof value !== 'number') return 'not a number';
  if (Math.abs(value) > LATEST_SECONDS) return 'too large for seconds: milliseconds?';
  const at = new Date(value * 1000);
  return `${absolute(at)}, ${relative(at, now)}`;
}
