// Token text → header, payload and signature, none of them verified (RFC 7515 §7.1, §5.2). It knows no key and no claim.

import { parseObject } from './json.ts';
import { Refusal } from './refusal.ts';

export interface UnverifiedJws {
  readonly text: string;
  readonly algorithm: string;
  readonly keyId: string | undefined;
  readonly type: string | undefined;
  /** Not to be decoded before the signature has been verified. */
  readonly encodedPayload: string;
}

const MAX_TOKEN_BYTES = 8 * 1024;
const MAX_HEADER_BYTES = 4 * 1024;
/** A key ID is a map key and travels into logs: longer ones serve nobody but an attacker. */
export const MAX_KEY_ID_BYTES = 128;

/** Which names `alg` may have. Most of them no key of a guard has; they are told from names that nobody knows. */
const ALGORITHMS = /^(?:(?:HS|RS|PS|ES)(?:256|384|512)|EdDSA|Ed25519|ML-DSA-(?:44|65|87))$/;

/** Parses a token; throws a `Refusal` if it is not a signed one. */
export function parseCompact(text: string): UnverifiedJws {
  if (Buffer.byteLength(text) > MAX_TOKEN_BYTES) throw new Refusal('token_too_long');
  const [encodedHeader, encodedPayload, encodedSignature, ...more] = text.split('.', 4);
  if (encodedHeader === undefined || encodedPayload === undefined || encodedSignature === undefined || more.length > 0) {
    throw new Refusal('part_count');
  }
  if (encodedHeader.length > MAX_HEADER_BYTES) throw new Refusal('header_too_long');
  const bytes = decodeBase64url(encodedHeader);
  if (!bytes) throw new Refusal('header_encoding');
  const header = parseHeader(bytes);
  if (!decodeBase64url(encodedSignature)) throw new Refusal('signature_encoding');
  return { ...header, text, encodedPayload };
}

function parseHeader(bytes: Uint8Array): Pick<UnverifiedJws, 'algorithm' | 'keyId' | 'type'> {
  const header = parseObject(bytes);
  if (!header) throw new Refusal('header_json');
  // No critical extension is supported (RFC 7515 §4.1.11), nor an unencoded payload (RFC 7797).
  if ('crit' in header) throw new Refusal('critical_header');
  if ('b64' in header) throw new Refusal('unencoded_payload');
  const algorithm = text(header, 'alg');
  if (algorithm === undefined) throw new Refusal('missing_algorithm');
  if (!ALGORITHMS.test(algorithm)) {
    throw new Refusal(algorithm.toLowerCase() === 'none' ? 'algorithm_none' : 'unsupported_algorithm');
  }
  const type = text(header, 'typ');
  const keyId = text(header, 'kid');
  text(header, 'cty');
  if (keyId !== undefined && Buffer.byteLength(keyId) > MAX_KEY_ID_BYTES) throw new Refusal('key_id_too_long');
  return { algorithm, keyId, type };
}

function text(header: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = header[name];
  if (value !== undefined && typeof value !== 'string') throw new Refusal('header_parameter_type');
  return value;
}

/**
 * Strict base64url (RFC 7515 §2): unpadded, canonical, no other character. A lax decoder gives every token many
 * spellings, and each slips past whatever was keyed on the first one.
 */
export function decodeBase64url(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}
