// The token in the `Authorization` header (RFC 6750 §2.1). A token in any other place is not looked at.

import type { IncomingMessage } from 'node:http';
import { Refusal } from './refusal.ts';

/** The values of every `Authorization` header of a request. */
export type Authorization = string | readonly string[] | null | undefined;

/** One header, the scheme in any case (RFC 9110 §11.1), nothing after the token. Throws a `Refusal` for others. */
export function bearerToken(authorization: Authorization): string {
  const [value, ...more] = typeof authorization === 'string' ? [authorization] : (authorization ?? []);
  if (value === undefined) throw new Refusal('token_required');
  const token = more.length === 0 ? /^bearer +([A-Za-z0-9\-._~+/=]+)$/i.exec(value)?.[1] : undefined;
  if (token === undefined) throw new Refusal('malformed');
  return token;
}

/** The values of the header in a request of `node:http`. Its `headers` keeps the first of two and hides the second. */
export function authorizationOf(request: Pick<IncomingMessage, 'headers'> & Partial<Pick<IncomingMessage, 'headersDistinct'>>): Authorization {
  // Requests that only imitate one, for tests, may lack the other form.
  return request.headersDistinct ? request.headersDistinct['authorization'] : request.headers.authorization;
}
