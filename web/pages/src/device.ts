// The proof that this is the browser that signed in, where the server wants it of its own pages. The module is loaded only then.

import type { DeviceProof } from '@countersign/client/device';
import { address } from './base.ts';

/** The issuer, which the proofs are for. */
const { deviceProof: issuer } = document.documentElement.dataset;

let loading: Promise<DeviceProof> | undefined;

async function load(issuer: string): Promise<DeviceProof> {
  try {
    const { createDeviceProof } = await import('@countersign/client/device');
    return createDeviceProof({ baseUrl: address, issuer });
  } catch (error) {
    loading = undefined;
    throw error;
  }
}

/** What the client and its modules are made with. */
export const proved: { environment?: DeviceProof } =
  issuer === undefined ? {} : { environment: { fetch: async (input, init) => (await (loading ??= load(issuer))).fetch(input, init) } };
