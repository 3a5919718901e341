// `fetch` with the access token. Decides which origins may see it, and when a second try makes sense.

import type { Refresher } from './refresh.ts';
import type { Session } from './session.ts';
import type { Environment } from './types.ts';

export function createFetch(
  env: Environment,
  session: Session,
  refresher: Refresher,
  origins: ReadonlySet<string>,
): typeof fetch {
  return async (input, init) => {
    const request = new Request(input, init);
    // The token goes to the configured origins and to no other.
    const isOurs = origins.has(new URL(request.url).origin) && !request.headers.has('Authorization');
    const token = isOurs ? await refresher.token() : null;
    if (!token) return env.fetch(request);

    // A body can be read only once, so the copy for a second try is made before the first.
    const again = request.clone();
    const response = await env.fetch(withToken(request, token));
    if (response.status !== 401 || !isTokenRefused(response)) return response;

    await refresher.refresh(token);
    const renewed = session.accessToken;
    if (!renewed || renewed === token) return response;
    return env.fetch(withToken(again, renewed));
  };
}

function withToken(request: Request, token: string): Request {
  request.headers.set('Authorization', `Bearer ${token}`);
  return request;
}

/**
 * A new token does not cure every 401, for example "sign in again to do this", or a passkey that was refused and would count twice. The
 * challenge says if it was the token (RFC 6750 §3.1); where an API sends no challenge, one refresh is worth a try.
 */
function isTokenRefused(response: Response): boolean {
  const challenge = response.headers.get('WWW-Authenticate');
  return !challenge || challenge.includes('invalid_token');
}
