// One introspection request (RFC 7662 §2.1), and where to send it.

import type { Environment } from '../environment.ts';
import { fetchUrl, postForm } from '../fetch.ts';
import { checkIssuer, discover } from '../metadata.ts';

/** The client that asks: `countersign client add NAME` makes it. */
export interface AskOptions {
  readonly clientId: string;
  readonly clientSecret: string;
  /** Where to ask. Default: the `introspection_endpoint` of the issuer's metadata. */
  readonly url?: string;
}

export class Endpoint {
  readonly #env: Environment;
  readonly #issuer: string;
  readonly #timeoutMs: number;
  readonly #authorization: string;
  readonly #given: URL | undefined;
  #found: URL | undefined;

  /** Throws an `Error` if it lacks a client, or the place is no address that is fetched. */
  constructor(env: Environment, issuer: string, { clientId, clientSecret, url }: AskOptions, timeoutMs: number) {
    if (!clientId || !clientSecret) throw new Error('who asks the issuer needs a clientId and a clientSecret');
    this.#env = env;
    this.#issuer = issuer;
    this.#timeoutMs = timeoutMs;
    this.#authorization = basic(clientId, clientSecret);
    this.#given = url === undefined ? undefined : fetchUrl(url);
    if (url === undefined) checkIssuer(issuer);
  }

  /** Whether the issuer says that this token is active. After a failure, the next call reads the metadata again. */
  async isActive(token: string): Promise<boolean> {
    const url = this.#given ?? (this.#found ??= await discover(this.#env, this.#issuer, this.#timeoutMs, 'introspection_endpoint'));
    try {
      const form = new URLSearchParams({ token, token_type_hint: 'access_token' });
      const { active } = await postForm(this.#env, url, this.#timeoutMs, form, this.#authorization);
      // RFC 7662 §2.2. No other value is taken for an answer.
      if (typeof active !== 'boolean') throw new Error(`${url.href}: the response does not say whether the token is active`);
      return active;
    } catch (error) {
      this.#found = undefined;
      throw error;
    }
  }
}

/** RFC 6749 §2.3.1: both are form-encoded first. */
function basic(clientId: string, clientSecret: string): string {
  const encoded = (text: string) => new URLSearchParams([['', text]]).toString().slice(1);
  return `Basic ${Buffer.from(`${encoded(clientId)}:${encoded(clientSecret)}`).toString('base64')}`;
}
