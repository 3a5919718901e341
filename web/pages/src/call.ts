// A call of the server's API: JSON in and out, failures as errors that people can read.

import { CountersignError } from '@countersign/client';
import { address } from './base.ts';
import { proved } from './device.ts';
import { errorText, t } from './words.ts';

/** The server's error texts are written for people: the pages show them. */
export async function call<T = undefined>(send: typeof fetch, method: string, path: string, body?: object): Promise<T> {
  const { response, text } = await ask(send, address + path, {
    method,
    cache: 'no-store',
    ...(body && { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
  });
  const json = parse(text);
  if (response.ok) return json as T;
  const { error, code } = (json ?? {}) as { error?: string; code?: string };
  throw new CountersignError(code ?? 'unexpected_response', error ?? t('The server responded with status {status}.', { status: response.status }), response.status, waitOf(response), json);
}

/** A call by anybody: of what people do who cannot sign in. */
export function post<T = undefined>(path: string, body: object): Promise<T> {
  // Not the bare function: a browser's `fetch` wants to be called as the window's.
  return call<T>(proved.environment?.fetch ?? ((url, init) => fetch(url, init)), 'POST', path, body);
}

/** A browser says of a request without a response only that it failed. */
async function ask(send: typeof fetch, url: string, init: RequestInit): Promise<{ response: Response; text: string }> {
  try {
    const response = await send(url, init);
    return { response, text: await response.text() };
  } catch (cause) {
    if (cause instanceof TypeError) throw new CountersignError('network', 'No response', 0, undefined, undefined, cause);
    throw cause;
  }
}

/** In milliseconds. */
function waitOf(response: Response): number | undefined {
  const seconds = Number(response.headers.get('retry-after') ?? NaN);
  return seconds >= 0 ? seconds * 1000 : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The API's texts are parts of a sentence, for logs and terminals; a page shows whole ones. */
export function sentence(text: string): string {
  const start = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(start) ? start : `${start}.`;
}

/** Whether there was no response at all. */
export function isOffline(error: unknown): boolean {
  return isCode(error, 'network') || isCode(error, 'timeout');
}

/** Whether the error is the server's, of this kind. */
export function isCode(error: unknown, code: string): boolean {
  return error instanceof CountersignError && error.code === code;
}

export function messageOf(error: unknown): string {
  if (isOffline(error)) return t('The server cannot be reached. Check your connection and try again.');
  // Of a proxy's error page, whose text is for nobody.
  if (error instanceof CountersignError && isCode(error, 'unexpected_response')) return t('The server responded with status {status}.', { status: error.status });
  const said = error instanceof CountersignError ? errorText(error.code) : undefined;
  return sentence(said ?? (error instanceof Error ? error.message : String(error)));
}
