// One outgoing request for JSON, or with a form, with the rules of `countersign-fetch`: no redirects, limits on time and size, plain
// HTTP to this machine only.

import type { Environment } from './environment.ts';
import { parseObject } from './json.ts';

/** The longest document that is read, in bytes. */
const MAX_BYTES = 64 * 1024;

export interface Answer {
  /** Undefined: the same as the one with the `ETag` that the caller named (304). */
  readonly text: string | undefined;
  readonly etag: string | undefined;
  /** How long it stays fresh, in milliseconds; undefined if the server does not say. */
  readonly freshForMs: number | undefined;
}

/** A status other than 200, or a response that is not JSON: the server has no such document. */
export class NoDocument extends Error {}

/** An `https` URL, or an `http` URL of this machine. Throws an `Error` for others. */
export function fetchUrl(text: string): URL {
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') throw new Error(`${url.origin}: an address with a name before the host is not fetched`);
  const isLocal = url.hostname === 'localhost' || url.hostname === '[::1]' || /^127(?:\.\d+){3}$/.test(url.hostname);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLocal)) {
    throw new Error(`${text}: only https addresses are fetched, or http on this machine`);
  }
  return url;
}

/** Fetches JSON. Rejects with an `Error` if there is no complete response in time. */
export function getJson(env: Environment, url: URL, timeoutMs: number, etag?: string): Promise<Answer> {
  const headers = { accept: 'application/jwk-set+json, application/json', ...(etag !== undefined && { 'if-none-match': etag }) };
  return send(env, url, timeoutMs, { headers }, async (response) => {
    const freshForMs = freshness(response.headers);
    if (response.status === 304 && etag !== undefined) return { text: undefined, etag, freshForMs };
    const text = await readText(response);
    if (!/^application\/(?:[^;/]+\+)?json *(?:;|$)/i.test(response.headers.get('content-type') ?? '')) {
      throw new NoDocument('the response is not JSON');
    }
    return { text, etag: response.headers.get('etag') ?? undefined, freshForMs };
  });
}

/** Sends a form, and gives the JSON object of the response. Rejects with an `Error` if there is none in time. */
export function postForm(
  env: Environment,
  url: URL,
  timeoutMs: number,
  form: URLSearchParams,
  authorization: string,
): Promise<Readonly<Record<string, unknown>>> {
  // The type comes with the form.
  const init = { method: 'POST', body: form, headers: { accept: 'application/json', authorization } };
  return send(env, url, timeoutMs, init, async (response) => {
    const object = parseObject(new TextEncoder().encode(await readText(response)));
    if (!object) throw new Error('the response is no JSON object');
    return object;
  });
}

async function send<T>(env: Environment, url: URL, timeoutMs: number, init: RequestInit, read: (response: Response) => Promise<T>): Promise<T> {
  const abort = new AbortController();
  const cancel = env.after(timeoutMs, () => abort.abort(new Error(`no complete response within ${timeoutMs} ms`)));
  try {
    return await read(await env.fetch(url, { ...init, redirect: 'manual', signal: abort.signal }));
  } catch (cause) {
    if (cause instanceof NoDocument) throw new NoDocument(`${url.href}: ${cause.message}`);
    throw new Error(`${url.href}: ${describe(cause)}`, { cause });
  } finally {
    cancel();
  }
}

async function readText(response: Response): Promise<string> {
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new NoDocument(`the response is ${response.status}`);
  }
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let [text, bytes] = ['', 0];
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MAX_BYTES) throw new Error(`the response is longer than ${MAX_BYTES / 1024} KiB`); // leaving the loop cancels it
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** `max-age` less `Age` (RFC 9111 §4.2); 0 for `no-cache` and `no-store`. */
function freshness(headers: Headers): number | undefined {
  const directives = (headers.get('cache-control') ?? '').toLowerCase().split(',');
  const named = (name: string) => directives.find((directive) => directive.split('=')[0]?.trim() === name);
  if (named('no-store') !== undefined || named('no-cache') !== undefined) return 0;
  const seconds = /^ *"?(\d{1,10})"? *$/.exec(named('max-age')?.split('=')[1] ?? '')?.[1];
  const age = Number(/^\d{1,10}$/.exec(headers.get('age') ?? '')?.[0] ?? 0);
  return seconds === undefined ? undefined : Math.max(0, Number(seconds) - age) * 1000;
}

/** The whole story: `fetch` hides what happened in the cause of its error. */
export function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${describe(error.cause)}`;
}
