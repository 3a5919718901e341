// Tokens to try the debugger with, made when they are asked for: their times are those of now.

import { encodeText } from './base64url.ts';
import { makeKey, sign, type Algorithm } from './make-token.ts';

export interface Example {
  readonly token: string;
  /** The key that verifies it, or does not. */
  readonly key: string;
}

const LIFE_SECONDS = 900;

export const examples = {
  good: () => signed('ES256', 0),
  expired: () => signed('HS256', 2 * LIFE_SECONDS),
  async altered(): Promise<Example> {
    const { token, key } = await signed('ES256', 0);
    const [header = '', , signature = ''] = token.split('.');
    return { token: `${header}.${encodeText(JSON.stringify({ ...claims(0), role: 'admin' }))}.${signature}`, key };
  },
  async none(): Promise<Example> {
    const header = encodeText(JSON.stringify({ alg: 'none', typ: 'JWT' }));
    return { token: `${header}.${encodeText(JSON.stringify(claims(0)))}.`, key: '' };
  },
  /** The token and the secret that other debuggers show first. */
  async short(): Promise<Example> {
    const token =
      'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c';
    return { token, key: 'your-256-bit-secret' };
  },
};

function claims(ageSeconds: number): object {
  const issued = Math.floor(Date.now() / 1000) - ageSeconds;
  return { iss: 'https://issuer.example', aud: 'api', sub: 'user-1', iat: issued, exp: issued + LIFE_SECONDS };
}

async function signed(algorithm: Algorithm, ageSeconds: number): Promise<Example> {
  const key = await makeKey(algorithm);
  const input = [{ alg: algorithm, typ: 'JWT' }, claims(ageSeconds)].map((part) => encodeText(JSON.stringify(part))).join('.');
  return { token: `${input}.${await sign(algorithm, key.signing, input)}`, key: key.verifying };
}
