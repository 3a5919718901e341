// One request to the server's own API: a time limit, JSON in and out, every failure a CountersignError.

import { CountersignError } from './errors.ts';
import type { Environment, TokenResponse } from './types.ts';

/** Calls an endpoint: `post('/api/refresh', {}, 5_000)`. Rejects with a `CountersignError`. */
export type Post = (path: string, body: object, limitMs: number, token?: string) => Promise<unknown>;

export function createPost(env: Environment, baseUrl: string): Post {
  return async (path, body, limitMs, token) => {
    const abort = new AbortController();
    const cancelLimit = env.clock.after(limitMs, () => abort.abort());
    try {
      const response = await env.fetch(baseUrl + path, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) },
        body: JSON.stringify(body),
        // The refresh token is a cookie of the server's origin, which need not be the page's.
        credentials: 'include',
        cache: 'no-store',
        // A page that is closed while the server rotates would lose the new cookie without this.
        keepalive: true,
        signal: abort.signal,
      });
      if (response.status === 204) return undefined;
      const text = await response.text();
      const json = parseJson(text) as { code?: unknown } | undefined;
      // That there is no session is also said with 200, where that was the question.
      if (!response.ok || json?.code) throw refusal(response, json);
      return json;
    } catch (cause) {
      if (cause instanceof CountersignError) throw cause;
      const code = abort.signal.aborted ? 'timeout' : 'network';
      throw new CountersignError(code, code, 0, undefined, undefined, cause);
    } finally {
      cancelLimit();
    }
  };
}

/** Refuses a body that a proxy or a captive portal has put in place of the server's. */
export function parseTokenResponse(json: unknown): TokenResponse {
  const response = json as TokenResponse | undefined;
  if (response?.accessToken && response.expiresIn && response.user) return response;
  throw new CountersignError('unexpected_response');
}

/** The value of a JSON text; `undefined` if it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The error of a response that says one, as far as it is the server's: `{"error": text, "code": code}`, or a proxy's page. */
export function refusal(response: Response, json: unknown): CountersignError {
  const { error, code } = (json ?? {}) as { error?: unknown; code?: unknown };
  const seconds = Number(response.headers.get('retry-after') ?? NaN);
  return new CountersignError(
    typeof code === 'string' ? code : 'unexpected_response',
    typeof error === 'string' ? error : undefined,
    response.status,
    seconds >= 0 ? seconds * 1000 : undefined,
    json,
  );
}
