// What claims mean, in words and dates, and what about a token deserves a warning. Pure.

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

const SECRETS = /pass(word|wd|phrase)|secret|private|credit|card|cvv|ssn|iban|pin$|api_?key/i;
const REMOTE_KEYS = ['jku', 'x5u', 'jwk', 'x5c'];
const LONG_TOKEN_BYTES = 4096;
const LONG_LIFE_SECONDS = 86_400;

/** What is legal, perhaps, and still a bad sign. */
export function warnings(token: string, header: JsonObject, payload: JsonObject): string[] {
  const { alg, typ, kid } = header;
  const { exp, iat } = payload;
  const found: string[] = [];
  const warn = (isBad: boolean, text: string): void => {
    if (isBad) found.push(text);
  };
  warn(typeof alg === 'string' && alg.toLowerCase() === 'none', 'It is not signed (alg "none"): anybody can write such a token.');
  warn(exp === undefined, 'It never expires: there is no exp. A copy of it works for ever.');
  warn(isMilliseconds(exp) || isMilliseconds(iat), 'A time looks like milliseconds. JWT counts seconds since 1970.');
  warn(isNumber(exp) && isNumber(iat) && exp <= iat, 'It expires before it was issued.');
  warn(isNumber(exp) && isNumber(iat) && exp - iat > LONG_LIFE_SECONDS && !isMilliseconds(exp), 'It lives longer than a day. Access tokens should live for minutes, because they cannot be called back everywhere.');
  for (const name of Object.keys(payload).filter((name) => SECRETS.test(name))) {
    warn(true, `The claim "${name}" looks secret. A token is signed, not encrypted: whoever holds it can read it.`);
  }
  for (const name of REMOTE_KEYS.filter((name) => name in header)) {
    warn(true, `The header brings its own key (${name}). A verifier that believes it believes anybody.`);
  }
  warn('crit' in header, 'The header has crit: verifiers that do not know every name in it must refuse the token (RFC 7515 §4.1.11).');
  warn(typeof kid === 'string' && /[/\\'";]|\.\./.test(kid), 'The key ID has characters of a path or a query. A verifier must only compare it.');
  warn(typ === undefined, 'The header has no typ, so a token made for something else could be taken for this one (RFC 8725 §3.11).');
  warn(token.length > LONG_TOKEN_BYTES, `It is ${token.length} bytes long. Many servers refuse headers of 8 KiB.`);
  return found;
}

function isNumber(value: Json | undefined): value is number {
  return typeof value === 'number';
}

function isMilliseconds(value: Json | undefined): boolean {
  return isNumber(value) && value > LATEST_SECONDS;
}
