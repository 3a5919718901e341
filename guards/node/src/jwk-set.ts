// A JWK Set → the public keys that tokens may be signed with (RFC 7517 §5), and the choice of the one that a token
// names. Keys that cannot be used are left out: HMAC secrets, published private keys, weak ones, those for something
// else.

import { calculateJwkThumbprint, importJWK, type CryptoKey, type JWK } from 'jose';
import { MAX_KEY_ID_BYTES, decodeBase64url, type UnverifiedJws } from './compact.ts';
import { isObject, parseObject } from './json.ts';
import { Refusal } from './refusal.ts';

/** A signature algorithm (RFC 7518 §3.1, RFC 8037). */
export type Algorithm = 'RS256' | 'RS384' | 'RS512' | 'PS256' | 'PS384' | 'PS512' | 'ES256' | 'ES384' | 'ES512' | 'EdDSA';

export interface Key {
  readonly id: string;
  readonly algorithm: Algorithm;
  readonly key: CryptoKey;
}

/** THE table: what a key of the algorithm looks like. */
const KINDS: Readonly<Record<Algorithm, { kty: string; crv?: string }>> = {
  RS256: { kty: 'RSA' },
  RS384: { kty: 'RSA' },
  RS512: { kty: 'RSA' },
  PS256: { kty: 'RSA' },
  PS384: { kty: 'RSA' },
  PS512: { kty: 'RSA' },
  ES256: { kty: 'EC', crv: 'P-256' },
  ES384: { kty: 'EC', crv: 'P-384' },
  ES512: { kty: 'EC', crv: 'P-521' },
  EdDSA: { kty: 'OKP', crv: 'Ed25519' },
};

const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'];

/** Reads a set. Throws an `Error` if it is none; the list may come out empty. */
export async function parseJwkSet(text: string, allowed: readonly Algorithm[]): Promise<readonly Key[]> {
  const elements = parseObject(new TextEncoder().encode(text))?.['keys'];
  if (!Array.isArray(elements)) throw new Error('the response is not a JWK Set');
  const keys: Key[] = [];
  for (const element of elements) {
    const key = isObject(element) ? await parseKey(element, allowed) : undefined;
    if (key && !keys.some((other) => other.id === key.id)) keys.push(key);
  }
  return keys;
}

async function parseKey(jwk: Readonly<Record<string, unknown>>, allowed: readonly Algorithm[]): Promise<Key | undefined> {
  const algorithm = algorithmOf(jwk, allowed);
  if (!algorithm || !isForVerifying(jwk) || !isStrong(jwk)) return undefined;
  try {
    const id = jwk['kid'] ?? (await calculateJwkThumbprint(jwk as JWK));
    if (typeof id !== 'string' || id === '' || Buffer.byteLength(id) > MAX_KEY_ID_BYTES) return undefined;
    const key = await importJWK({ ...(jwk as JWK), key_ops: ['verify'], ext: true }, algorithm);
    return key instanceof Uint8Array ? undefined : { id, algorithm, key };
  } catch {
    return undefined; // the numbers are no key
  }
}

/** Its `alg`, or the only allowed one that fits it: a key knows one algorithm (RFC 8725 §3.1). */
function algorithmOf(jwk: Readonly<Record<string, unknown>>, allowed: readonly Algorithm[]): Algorithm | undefined {
  const fits = allowed.filter((name) => jwk['kty'] === KINDS[name].kty && (KINDS[name].crv === undefined || jwk['crv'] === KINDS[name].crv));
  if (jwk['alg'] === undefined) return fits.length === 1 ? fits[0] : undefined;
  return fits.find((name) => name === plainName(jwk['alg']));
}

/** RFC 7517 §4.2, §4.3. */
function isForVerifying(jwk: Readonly<Record<string, unknown>>): boolean {
  const operations = jwk['key_ops'];
  const isPublic = PRIVATE_MEMBERS.every((member) => !(member in jwk));
  const mayVerify = operations === undefined || (Array.isArray(operations) && operations.includes('verify'));
  return isPublic && mayVerify && (jwk['use'] ?? 'sig') === 'sig';
}

function isStrong(jwk: Readonly<Record<string, unknown>>): boolean {
  if (jwk['kty'] !== 'RSA') return true;
  const modulus = typeof jwk['n'] === 'string' ? decodeBase64url(jwk['n']) : undefined;
  const first = modulus?.[0] ?? 0;
  const bits = (modulus?.length ?? 0) * 8 - Math.clz32(first) + 24;
  return first !== 0 && bits >= 2048 && bits <= 8192;
}

/** `Ed25519` (RFC 9864 §2.2) is a second name of `EdDSA`. */
function plainName(algorithm: unknown): unknown {
  return algorithm === 'Ed25519' ? 'EdDSA' : algorithm;
}

/** The key that the token names, or without `kid` the only one for its `alg`. Throws a `Refusal` if there is none. */
export function selectKey(keys: readonly Key[], token: UnverifiedJws): Key {
  const algorithm = plainName(token.algorithm);
  if (token.keyId === undefined) {
    const [key, ...more] = keys.filter((key) => key.algorithm === algorithm);
    if (!key || more.length > 0) throw new Refusal('key_id_missing');
    return key;
  }
  const key = keys.find((key) => key.id === token.keyId);
  if (!key) throw new Refusal('unknown_key_id');
  if (key.algorithm !== algorithm) throw new Refusal('algorithm_mismatch');
  return key;
}
