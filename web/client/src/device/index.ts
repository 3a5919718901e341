// `createDeviceProof`: sessions that only this browser can continue. A key that no script can read proves at each sign-in and each refresh
// that it is here (RFC 9449), so a copied cookie is of no use elsewhere. It is an environment of the client, whose `fetch` adds the
// proofs; the core knows nothing of it.

import { browserEnvironment } from '../environment.ts';
import { parseJson } from '../http.ts';
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
  const env = { ...browserEnvironment(), ...options.environment };
  const trimmed = (url: string): string => new URL(url.replace(/\/+$/, ''), env.page?.origin).href.replace(/\/+$/, '');
  const base = trimmed(options.baseUrl ?? env.page?.origin ?? '');
  const issuer = options.issuer === undefined ? base : trimmed(options.issuer);
  const keys = options.keys ?? browserKeys(base);
  /** The last one that the server has given. It gives one to a device whose clock is wrong, and another when that one is too old. */
  let nonce: string | undefined;

  /** Without one, the request goes as it would without this module. */
  async function keyFor(path: string): Promise<CryptoKeyPair | undefined> {
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

  async function proved(request: Request, key: CryptoKeyPair, path: string): Promise<Response> {
    // A key that cannot sign is as good as none.
    const proof = await dpopProof(key, { htm: request.method, htu: issuer + path, nonce }, env.clock.wall()).catch(() => undefined);
    if (proof) request.headers.set('DPoP', proof);
    return env.fetch(request);
  }

  return {
    async fetch(input, init) {
      const request = new Request(input, init);
      const [url = ''] = request.url.split('?');
      const path = request.method === 'POST' && url.startsWith(`${base}/`) ? url.slice(base.length) : '';
      const key = await inTime(keyFor(path));
      if (!key) return env.fetch(request);
      const again = request.clone();
      const response = await proved(request, key, path);
      if (!(await wantsAnother(response))) return response;
      nonce = response.headers.get('DPoP-Nonce') ?? nonce;
      return proved(again, key, path);
    },
  };
}

/**
 * Whether another proof would do: one with the nonce, or one that was not used before. A browser that gets no response on an old connection sends
 * the same request once more by itself.
 */
async function wantsAnother(response: Response): Promise<boolean> {
  if (response.status !== 400) return false;
  const { code } = (parseJson(await response.clone().text()) ?? {}) as { code?: unknown };
  return code === 'use_dpop_nonce' || code === 'invalid_dpop_proof';
}
