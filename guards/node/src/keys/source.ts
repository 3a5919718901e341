// One fetch of the issuer's keys: the metadata first if the place of the keys is not known, then the set. Decides which
// responses count.

import type { Environment } from '../environment.ts';
import { fetchUrl, getJson } from '../fetch.ts';
import { parseJwkSet, type Algorithm, type Key } from '../jwk-set.ts';
import { checkIssuer, discover } from '../metadata.ts';

export interface Fetched {
  /** Undefined: the same as before. */
  readonly keys: readonly Key[] | undefined;
  /** The set as it was sent, to tell a changed one. */
  readonly text: string | undefined;
  readonly etag: string | undefined;
  readonly freshForMs: number | undefined;
}

export interface SourceOptions {
  readonly issuer: string;
  readonly jwksUrl: string | undefined;
  readonly algorithms: readonly Algorithm[];
  readonly timeoutMs: number;
}

export class Source {
  readonly #env: Environment;
  readonly #options: SourceOptions;
  #found: { readonly url: URL; readonly etag: string | undefined } | undefined;

  /** Throws an `Error` if the issuer or the place of its keys is no address that is fetched. */
  constructor(env: Environment, options: SourceOptions) {
    this.#env = env;
    this.#options = options;
    if (options.jwksUrl === undefined) checkIssuer(options.issuer);
    else fetchUrl(options.jwksUrl);
  }

  /** Forgets what it has, or a 304 would confirm keys that are gone. */
  forget(): void {
    this.#found = undefined;
  }

  /** Fetches the keys. After a failure, the next call reads the metadata again, since the place may have changed. */
  async fetch(): Promise<Fetched> {
    const { url, etag } = this.#found ?? { url: await this.#locate(), etag: undefined };
    this.#found = undefined;
    const answer = await getJson(this.#env, url, this.#options.timeoutMs, etag);
    const keys = answer.text === undefined ? undefined : await parseJwkSet(answer.text, this.#options.algorithms);
    // An issuer that has withdrawn a key publishes another; a set of none is a mistake of its deployment.
    if (keys?.length === 0) throw new Error(`${url.href}: no usable key`);
    this.#found = { url, etag: answer.etag };
    return { keys, text: answer.text, etag: answer.etag, freshForMs: answer.freshForMs };
  }

  async #locate(): Promise<URL> {
    const { issuer, jwksUrl, timeoutMs } = this.#options;
    return jwksUrl === undefined ? discover(this.#env, issuer, timeoutMs, 'jwks_uri') : fetchUrl(jwksUrl);
  }
}
