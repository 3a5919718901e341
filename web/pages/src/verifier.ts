// Asks the verifier of countersign-jwt, which runs here as WebAssembly: the same rules as in the
// server and on the command line. Fills in the settings that the user leaves open.

import type { JsonObject } from './claims.ts';
import { ask } from './wasm.ts';

/** What the user entered. Empty fields are not checked. */
export interface Question {
  readonly token: string;
  /** A secret, PEM, certificate, JWK or JWK Set; it is recognised by its text. */
  readonly key: string;
  readonly secretIsBase64: boolean;
  /** For keys that do not name their algorithm. */
  readonly algorithm: string;
  readonly issuer: string;
  readonly audience: string;
  readonly type: string;
  /** Names separated by spaces; the token must have all of them. */
  readonly scope: string;
  /** Names separated by spaces; the token must have all of them. */
  readonly role: string;
  /** Seconds since 1970. */
  readonly now: number;
}

export interface Check {
  readonly rule: string;
  readonly outcome: 'passed' | 'failed' | 'not_checked';
  readonly code?: string | null;
  readonly message?: string | null;
  readonly remedy?: string | null;
  readonly expected: string;
  readonly found: string;
}

export interface Note {
  readonly code: string;
  readonly message: string;
}

export interface Verdict {
  readonly checks: readonly Check[];
  /** Why the key cannot be used; `null` if it can. */
  readonly keyError: string | null;
  /** How the key was read, where that was not clear; names are in backticks. */
  readonly keyNotes: readonly Note[];
  /** Bad signs, whether or not a check fails; names are in backticks. */
  readonly warnings: readonly string[];
}

interface Answer {
  readonly error?: string;
  readonly header: JsonObject | null;
  readonly payload: JsonObject | null;
  readonly checks: readonly Check[];
  readonly key: { readonly error: string | null; readonly notes: readonly Note[] };
  readonly warnings: readonly Note[];
}

export function verify(question: Question): Verdict {
  const { token, now } = question;
  const shown = answer({ token, now });
  const policy = shown.header && shown.payload ? policyFor(question, shown.header, shown.payload) : undefined;
  // The verifier would take it for a secret.
  const isAddress = !question.secretIsBase64 && /^https?:\/\/\S+$/.test(question.key);
  const key = question.key === '' || isAddress ? undefined : keyOf(question);
  const { checks, key: used } = answer({ token, now, ...(key && { key }), ...(policy && { policy }) });
  return {
    checks: checks.map((check) => (isAsked(check, question) ? check : { ...check, outcome: 'not_checked' })),
    keyError: isAddress ? 'it is an address. This page makes no requests: open the address, and paste what it shows' : used.error,
    keyNotes: used.notes.filter(({ code, message }) => code !== 'algorithm_from_token' || message.includes(String(shown.header?.['alg']))),
    warnings: shown.warnings.map(({ message }) => message),
  };
}

function answer(question: object): Answer {
  const found = JSON.parse(ask(JSON.stringify(question))) as Answer;
  if (found.error === undefined) return found;
  throw new Error(found.error);
}

/** The verifier wants a complete policy. Fields left open are filled in from the token and not counted. */
function policyFor(question: Question, header: JsonObject, payload: JsonObject): object {
  const audience = Array.isArray(payload['aud']) ? payload['aud'][0] : payload['aud'];
  return {
    issuer: question.issuer || String(payload['iss'] ?? ''),
    audience: question.audience || String(audience ?? ''),
    token_type: question.type || String(header['typ'] ?? 'JWT'),
    leeway_seconds: 0,
    scopes: names(question.scope),
    roles: names(question.role),
  };
}

function names(text: string): string[] {
  return text.split(/\s+/).filter((name) => name !== '');
}

/** The same choice as `countersign token verify` makes. */
function isAsked({ rule, found }: Check, question: Question): boolean {
  if (rule === 'issuer' || rule === 'audience' || rule === 'type') return question[rule] !== '';
  // Access tokens must have these claims; other tokens need not.
  const ofAccessTokens = rule === 'subject' || rule === 'token_id' || rule === 'issued_at';
  if (ofAccessTokens) return question.issuer !== '' || question.type === 'at+jwt' || found !== '';
  return true;
}

function keyOf({ key, secretIsBase64, algorithm }: Question): object {
  const isSecret = !key.startsWith('{') && !key.includes('-----BEGIN');
  return { material: key, kind: isSecret && secretIsBase64 ? 'secret_base64' : 'any', ...(algorithm && { algorithm }) };
}
