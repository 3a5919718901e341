// Where an issuer has something, by its metadata (RFC 8414 §3, OpenID Connect Discovery §4). Decides which of them are believed.

import type { Environment } from './environment.ts';
import { NoDocument, fetchUrl, getJson } from './fetch.ts';
import { parseObject } from './json.ts';

/** A member that is fetched, and the option that says the same. */
const OPTIONS = { jwks_uri: 'jwksUrl', introspection_endpoint: 'whenLate.ask.url' } as const;

/** Throws an `Error` if there are no metadata of this issuer that could be fetched. */
export function checkIssuer(issuer: string): void {
  fetchUrl(issuer);
  if (/[?#]/.test(issuer)) throw new Error(`the issuer ${issuer} has a query or a fragment`); // RFC 8414 §2
}

/** The address that the metadata of RFC 8414 give, or else those of OpenID Connect. */
export async function discover(env: Environment, issuer: string, timeoutMs: number, member: keyof typeof OPTIONS): Promise<URL> {
  const [first, second] = metadataUrls(issuer);
  const read = (url: URL) => readMetadata(env, url, issuer, timeoutMs, member);
  try {
    return await read(first);
  } catch (error) {
    if (error instanceof NoDocument) return read(second);
    throw error;
  }
}

async function readMetadata(env: Environment, url: URL, issuer: string, timeoutMs: number, member: keyof typeof OPTIONS): Promise<URL> {
  const { text = '' } = await getJson(env, url, timeoutMs);
  const metadata = parseObject(new TextEncoder().encode(text)) ?? {};
  // RFC 8414 §3.3: the keys of another issuer would verify tokens in the name of this one.
  if (metadata['issuer'] !== issuer) throw new Error(`${url.href}: the metadata is of the issuer ${String(metadata['issuer'])}`);
  const place = metadata[member];
  if (typeof place !== 'string') throw new Error(`${url.href}: the metadata name no ${member}`);
  const found = fetchUrl(place);
  // The operator chose the issuer's host. Another one is the choice of a document, which must not reach into the
  // operator's network, nor send a secret elsewhere.
  if (found.host !== url.host) {
    throw new Error(`${url.href}: the ${member} is on another host; set ${OPTIONS[member]} to ${found.href} if you trust it`);
  }
  return found;
}

/** RFC 8414 §3.1 puts the well-known part between host and path; OpenID Connect Discovery §4 puts it at the end. */
function metadataUrls(issuer: string): readonly [URL, URL] {
  const { origin, pathname } = fetchUrl(issuer);
  const path = pathname.replace(/\/$/, '');
  return [new URL(`${origin}/.well-known/oauth-authorization-server${path}`), new URL(`${origin}${path}/.well-known/openid-configuration`)];
}
