// base64url without padding (RFC 7515 §2), for showing and making tokens. The verifier, not this file,
// decides whether a token is well encoded.

export function encode(bytes: Uint8Array): string {
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  return btoa(binary).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
}

export function encodeText(text: string): string {
  return encode(new TextEncoder().encode(text));
}

/** The bytes, or `undefined` if `text` is not base64url. */
export function decode(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^[\w-]*$/.test(text)) return undefined;
  try {
    return Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (char) => char.charCodeAt(0));
  } catch {
    return undefined;
  }
}

/** The UTF-8 text, or `undefined` if `text` is not base64url of UTF-8. */
export function decodeText(text: string): string | undefined {
  const bytes = decode(text);
  try {
    return bytes && new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
