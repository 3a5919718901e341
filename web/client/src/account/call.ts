// One request to the server's API, of any method: a time limit, JSON in, every failure a CountersignError. The core has its own one,
// which can only POST.

import { CountersignError } from '../errors.ts';
import { parseJson, refusal } from '../http.ts';
import type { Environment } from '../types.ts';

export interface Request {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly body?: object;
  /** In milliseconds. Default: as long as a sign-in may take, where the server hashes a password. */
  readonly limitMs?: number;
}

/** Gives the text of a response that is no refusal. */
export type Call = (request: Request) => Promise<string>;

const LIMIT_MS = 20_000;

/** `url`: the server's. `send`: the bare `fetch`, or the client's, which adds the access token. */
export function createCall({ clock }: Environment, url: string, send: typeof fetch): Call {
  const baseUrl = url.replace(/\/+$/, '');
  return async ({ method, path, body, limitMs = LIMIT_MS }) => {
    const abort = new AbortController();
    const cancelLimit = clock.after(limitMs, () => abort.abort());
    try {
      const response = await send(baseUrl + path, {
        method,
        ...(body && { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
        // The code of a mail is good together with a cookie only, which is of the server's origin.
        credentials: 'include',
        cache: 'no-store',
        signal: abort.signal,
      });
      const text = await response.text();
      if (!response.ok) throw refusal(response, parseJson(text));
      return text;
    } catch (cause) {
      if (cause instanceof CountersignError) throw cause;
      const code = abort.signal.aborted ? 'timeout' : 'network';
      throw new CountersignError(code, code, 0, undefined, undefined, cause);
    } finally {
      cancelLimit();
    }
  };
}

/** The JSON of a response, which has this member. Refuses what a proxy or a captive portal has put in its place. */
export function jsonWith<T>(text: string, member: keyof T & string): T {
  const json = parseJson(text) as T | null | undefined;
  if (json?.[member] !== undefined) return json;
  throw new CountersignError('unexpected_response');
}
