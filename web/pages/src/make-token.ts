// Makes keys, secrets and signatures with the browser's WebCrypto.

import { decode, encode } from './base64url.ts';

export const ALGORITHMS = ['HS256', 'ES256', 'EdDSA', 'RS256'] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

type Parameters = AlgorithmIdentifier | EcdsaParams | RsaHashedImportParams;
/** WebCrypto's parameters for the key and the signature of each algorithm. */
const PARAMETERS: Record<Algorithm, { key: Parameters; sign: Parameters }> = {
  HS256: { key: { name: 'HMAC', hash: 'SHA-256' } as Parameters, sign: 'HMAC' },
  ES256: { key: { name: 'ECDSA', namedCurve: 'P-256' } as Parameters, sign: { name: 'ECDSA', hash: 'SHA-256' } },
  EdDSA: { key: 'Ed25519', sign: 'Ed25519' },
  RS256: { key: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }, sign: 'RSASSA-PKCS1-v1_5' },
};

/** A signing key as text, and the text that verifies its signatures: the same one for HS256. */
export interface MadeKey {
  readonly signing: string;
  readonly verifying: string;
}

/** 256 bits from the browser's random generator. */
export function secret256(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(32));
}

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export async function makeKey(algorithm: Algorithm): Promise<MadeKey> {
  if (algorithm === 'HS256') {
    const secret = hex(secret256());
    return { signing: secret, verifying: secret };
  }
  const { key } = PARAMETERS[algorithm];
  const rsa = { modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) };
  const parameters = algorithm === 'RS256' ? { ...(key as RsaHashedImportParams), ...rsa } : key;
  const pair = (await crypto.subtle.generateKey(parameters, true, ['sign', 'verify'])) as CryptoKeyPair;
  const [signing, verifying] = await Promise.all([pair.privateKey, pair.publicKey].map((half) => jwkText(half, algorithm)));
  return { signing: signing ?? '', verifying: verifying ?? '' };
}

async function jwkText(key: CryptoKey, algorithm: Algorithm): Promise<string> {
  // `ext` and `key_ops` describe this browser's use of the key, not the key.
  const { ext: _ext, key_ops: _ops, alg: _alg, ...members } = await crypto.subtle.exportKey('jwk', key);
  return JSON.stringify({ ...members, alg: algorithm }, null, 2);
}

export function isAlgorithm(name: unknown): name is Algorithm {
  return (ALGORITHMS as readonly unknown[]).includes(name);
}

/**
 * The signature over `input`, base64url. `key` is a secret's text (HS256: its UTF-8 bytes, as most
 * libraries take it) or a private JWK. Rejects with a readable message if the key does not fit the algorithm.
 */
export async function sign(algorithm: Algorithm, key: string, input: string): Promise<string> {
  const { sign } = PARAMETERS[algorithm];
  const signature = await crypto.subtle.sign(sign, await importKey(algorithm, key), new TextEncoder().encode(input));
  return encode(new Uint8Array(signature));
}

async function importKey(algorithm: Algorithm, text: string): Promise<CryptoKey> {
  const parameters = PARAMETERS[algorithm].key;
  const jwk = parseJwk(text);
  if (algorithm === 'HS256') {
    const bytes = jwk?.kty === 'oct' ? decode(jwk.k ?? '') : new TextEncoder().encode(text.trim());
    if (!bytes || bytes.length < 32) throw new Error('A secret for HS256 needs at least 32 bytes (RFC 7518 §3.2).');
    return crypto.subtle.importKey('raw', bytes, parameters, false, ['sign']);
  }
  if (!jwk?.d) throw new Error(`Signing with ${algorithm} needs a private key as a JWK.`);
  const { alg: _alg, use: _use, key_ops: _ops, ...members } = jwk;
  try {
    return await crypto.subtle.importKey('jwk', members, parameters, false, ['sign']);
  } catch {
    throw new Error(`This JWK is not a private key for ${algorithm}.`);
  }
}

function parseJwk(text: string): JsonWebKey | undefined {
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === 'object' && json !== null ? json : undefined;
  } catch {
    return undefined;
  }
}
