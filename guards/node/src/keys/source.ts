// One fetch of the issuer's keys: the metadata first if the place of the keys is not known, then the set. Decides which
// responses count.

import type { Environment } from '../environment.ts';
import { NoDocument, fetchUrl, getJson } from '../fetch.ts';
import { parseObject } from '../json.ts';
import { parseJwkSet, type Algorithm, type Key } from '../jwk-set.ts';

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
    fetchUrl(options.jwksUrl ?? options.issuer);
    if (options.jwksUrl === undefined && /[?#]/.test(options.issuer)) {
      throw new Error(`the issuer ${options.issuer} has a query or a fragment`); // RFC 8414 §2
    }
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

  /** The metadata of RFC 8414 §3, or else those of OpenID Connect Discovery §4. */
  async #locate(): Promise<URL> {
    if (this.#options.jwksUrl !== undefined) return fetchUrl(this.#options.jwksUrl);
    const [first, second] = metadataUrls(this.#options.issuer);
    try {
      return await this.#readMetadata(first);
    } catch (error) {
      if (error instanceof NoDocument) return this.#readMetadata(second);
      throw error;
    }
  }

  async #readMetadata(url: URL): Promise<URL> {
    const { text = '' } = await getJson(this.#env, url, this.#options.timeoutMs);
    const { issuer, jwks_uri: place } = parseObject(new TextEncoder().encode(text)) ?? {};
    // RFC 8414 §3.3: the keys of another issuer would verify tokens in the name of this one.
    if (issuer !== this.#options.issuer) throw new Error(`${url.href}: the metadata is of the issuer ${String(issuer)}`);
    const keys = fetchUrl(String(place));
    // The operator chose the issuer's host. Another one is the choice of a document, which must not reach into the
    // operator's network.
    if (keys.host !== url.host) throw new Error(`${url.href}: the keys are on another host; set jwksUrl to ${keys.href} if you trust it`);
    return keys;
  }
}

/** RFC 8414 §3.1 puts the well-known part between host and path; OpenID Connect Discovery §4 puts it at the end. */
export function metadataUrls(issuer: string): readonly [URL, URL] {
  const { origin, pathname } = fetchUrl(issuer);
  const path = pathname.replace(/\/$/, '');
  return [new URL(`${origin}/.well-known/oauth-authorization-server${path}`), new URL(`${origin}${path}/.well-known/openid-configuration`)];
}
