// A ceremony from the server's options to what goes back to it, and what a browser's refusal means.

import { jsonWith, type Call } from '../account/call.ts';
import { CountersignError } from '../errors.ts';
import { creationOptions, requestOptions, responseOf } from './json.ts';
import type { Authenticators, PasskeyErrorCode, PasskeyProof } from './types.ts';

/** What the server says for a ceremony. */
export interface Offer<T> {
  readonly ticket: string;
  /** For so many seconds it takes what comes of it. */
  readonly expiresIn: number;
  readonly publicKey: T;
}

export type AssertionOffer = Offer<PublicKeyCredentialRequestOptionsJSON>;
export type CreationOffer = Offer<PublicKeyCredentialCreationOptionsJSON>;

/** What was made of an offer, and the site and the credential that the Signal API speaks of. */
export interface Shown {
  readonly proof: PasskeyProof;
  readonly rpId: string;
  readonly credentialId: string;
}

export async function offerOf<T>(call: Call, path: string, body: object = {}): Promise<Offer<T>> {
  return jsonWith<Offer<T>>(await call({ method: 'POST', path, body }), 'publicKey');
}

export async function assertion(of: Authenticators, { ticket, publicKey }: AssertionOffer, signal: AbortSignal, mediation?: CredentialMediationRequirement): Promise<Shown> {
  const options = requestOptions(of, publicKey);
  return shown(ticket, publicKey.rpId, () => of.credentials?.get({ publicKey: options, signal, ...(mediation && { mediation }) }));
}

export async function registration(of: Authenticators, { ticket, publicKey }: CreationOffer, signal: AbortSignal): Promise<Shown> {
  const options = creationOptions(of, publicKey);
  return shown(ticket, publicKey.rp.id, () => of.credentials?.create({ publicKey: options, signal }));
}

async function shown(ticket: string, rpId = '', ask: () => Promise<Credential | null> | undefined): Promise<Shown> {
  try {
    const credential = (await ask()) as PublicKeyCredential | null | undefined;
    if (!credential) throw new DOMException('none', 'NotAllowedError');
    return { proof: { ticket, credential: responseOf(credential) }, rpId, credentialId: credential.id };
  } catch (cause) {
    const { name } = cause as DOMException;
    const [code, message] = REFUSALS[name] ?? (['passkey_failed', `this device could not do it (${name})`] as const);
    throw new CountersignError(code, message, 0, undefined, undefined, cause);
  }
}

/** By the name of the `DOMException` (WebAuthn §5.1.3, §5.1.4). */
const REFUSALS: Readonly<Record<string, readonly [PasskeyErrorCode, string]>> = {
  NotAllowedError: ['passkey_cancelled', 'no passkey was used: it was cancelled, it took too long, or there is none that fits'],
  InvalidStateError: ['passkey_exists', 'this device has a passkey of this account already'],
  SecurityError: ['passkey_origin', 'passkeys cannot be used at this address'],
};
