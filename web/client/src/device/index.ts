// `createDeviceProof`: sessions that only this browser can continue. A key that no script can read proves at each sign-in and each refresh
// that it is here (RFC 9449), so a copied cookie is of no use elsewhere. Where access tokens are bound to the key too, it proves each request
// that has one. It is an environment of the client, whose `fetch` adds the proofs; the core knows nothing of it.

import { requests } from '../environment.ts';
import type { Environment } from '../types.ts';
import { browserKeys, makeKey, type KeyStore } from './keys.ts';
import { dpopProof } from './proof.ts';

export type { KeyStore } from './keys.ts';

export interface DeviceProofOptions {
  /** Where the client finds Countersign, as in its own options. Default: the page's own origin. */
  readonly baseUrl?: string;
  /** The server's `issuer`, where that is another address than `baseUrl`: behind a development server that passes requests on. */
  readonly issuer?: string;
  /** For tests. */
  readonly environment?: Partial<Environment>;
  /** For tests. */
  readonly keys?: KeyStore;
}

/** Goes into the options of the client and of its other modules as `environment`. */
export type DeviceProof = Pick<Environment, 'fetch'>;

/** What begins a session, and so binds it. The key is made for the first of these. */
const SIGN_IN = /^\/api\/(login|login\/factor|register|email\/confirm|email\/poll)$/;
const REFRESH = '/api/refresh';

/** Some browsers never answer a page that opens a database. A sign-in then goes without a proof. */
const KEY_LIMIT_MS = 2_000;

export function createDeviceProof(options: DeviceProofOptions = {}): DeviceProof {
  const env = { ...requests, ...options.environment };
  const origin = env.page?.origin ?? globalThis.location?.origin;
  const trimmed = (url: string): string => new URL(url.replace(/\/+$/, ''), origin).href.replace(/\/+$/, '');
  const base = trimmed(options.baseUrl ?? origin ?? '');
  const issuer = options.issuer === undefined ? base : trimmed(options.issuer);
  const keys = options.keys ?? browserKeys(base);
  /** The last one that each server has given. It gives one to a device whose clock is wrong, and another when that one is too old. */
  const nonces: Record<string, string> = {};

  /** Without one, the request goes as it would without this module. */
  async function keyFor(path = ''): Promise<CryptoKeyPair | undefined> {
    if (SIGN_IN.test(path)) return (await keys.get()) ?? keys.keep(await makeKey());
    return path === REFRESH ? keys.get() : undefined;
  }

  /** The key, if it is there in time. */
  function inTime(work: Promise<CryptoKeyPair | undefined>): Promise<CryptoKeyPair | undefined> {
    return new Promise((resolve) => {
      const cancel = env.clock.after(KEY_LIMIT_MS, () => resolve(undefined));
      work.then(resolve, () => resolve(undefined)).finally(cancel);
    });
  }

  async function proved(request: Request, key: CryptoKeyPair, htu: string, token?: string): Promise<Response> {
    const { headers, method: htm } = request;
    const { origin } = new URL(htu);
    // A key that cannot sign is as good as none.
    const proof = await dpopProof(key, { htm, htu, nonce: nonces[origin], token }, env.clock.wall()).catch(() => undefined);
    if (proof) {
      headers.set('DPoP', proof);
      if (token) headers.set('Authorization', `DPoP ${token}`);
    }
    const response = await env.fetch(request);
    const nonce = response.headers.get('DPoP-Nonce');
    if (nonce) nonces[origin] = nonce;
    return response;
  }

  return {
    async fetch(input, init) {
      const request = new Request(input, init);
      const [url = ''] = request.url.split(/[?#]/);
      const path = url.startsWith(`${base}/`) ? url.slice(base.length) : undefined;
      const token = boundToken(request);
      const key = await inTime(token ? keys.get() : keyFor(request.method === 'POST' ? path : ''));
      if (!key) return env.fetch(request);
      const htu = path ? issuer + path : url;
      const again = request.clone();
      const response = await proved(request, key, htu, token);
      return (await wantsAnother(response)) ? proved(again, key, htu, token) : response;
    },
  };
}

/**
 * Whether another proof would do: one with the nonce, or one that was not used before. A browser that gets no response on an old connection sends
 * the same request once more by itself.
 */
async function wantsAnother(response: Response): Promise<boolean> {
  if (response.status !== 400 && response.status !== 401) return false;
  // A service that is not Countersign's says it in its challenge alone (RFC 9449 §9).
  const said = response.headers.get('WWW-Authenticate') + (await response.clone().text());
  return /"(use_dpop_nonce|invalid_dpop_proof)"/.test(said);
}

/** The access token that the request brings, if it is bound to a key. That is in the token: tabs share tokens, and not what came with them. */
function boundToken({ headers }: Request): string | undefined {
  const [, token, payload = ''] = /^Bearer (.*\.(.*)\..*)/.exec(headers.get('Authorization') ?? '') ?? [];
  try {
    const { cnf } = JSON.parse(atob(payload.replace(/-/g, '+').replace(/_/g, '/'))) as { cnf?: { jkt?: unknown } };
    return cnf?.jkt ? token : undefined;
  } catch {
    return undefined;
  }
}
