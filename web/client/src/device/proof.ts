// A DPoP proof: this key was here, for this request, now (RFC 9449 §4.2).

export interface Target {
  /** The method of the request. */
  readonly htm: string;
  /** Its address as the server knows it, without query. */
  readonly htu: string;
  /** What the server has given to be said. */
  readonly nonce: string | undefined;
  /** The access token that the request brings. */
  readonly token?: string | undefined;
}

/** `nowMs`: the wall clock of this device, right or wrong. Each proof is another one. */
export async function dpopProof({ privateKey, publicKey }: CryptoKeyPair, { token, ...target }: Target, nowMs: number): Promise<string> {
  const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', publicKey);
  const header = { typ: 'dpop+jwt', alg: 'ES256', jwk: { kty, crv, x, y } };
  const ath = token && base64url(new Uint8Array(await crypto.subtle.digest('SHA-256', encode(token))));
  const payload = { jti: crypto.randomUUID(), iat: Math.floor(nowMs / 1000), ...target, ath };
  const text = `${base64url(encode(JSON.stringify(header)))}.${base64url(encode(JSON.stringify(payload)))}`;
  const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, privateKey, encode(text));
  return `${text}.${base64url(new Uint8Array(signature))}`;
}

function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '');
}
