// The JSON of WebAuthn (Level 3, §5.1.8 to §5.1.10): what the server says becomes what a browser takes, and what a browser gives becomes
// what the server takes. Browsers have functions for it; some have none yet, and objects of some password managers have broken ones.

import type { Authenticators } from './types.ts';

export function creationOptions({ PublicKeyCredential: browser }: Authenticators, json: PublicKeyCredentialCreationOptionsJSON): PublicKeyCredentialCreationOptions {
  if (browser?.parseCreationOptionsFromJSON) return browser.parseCreationOptionsFromJSON(json);
  const { user, excludeCredentials = [] } = json;
  return { ...(json as object), challenge: bytes(json.challenge), user: { ...user, id: bytes(user.id) }, excludeCredentials: excludeCredentials.map(withBytes) } as unknown as PublicKeyCredentialCreationOptions;
}

export function requestOptions({ PublicKeyCredential: browser }: Authenticators, json: PublicKeyCredentialRequestOptionsJSON): PublicKeyCredentialRequestOptions {
  if (browser?.parseRequestOptionsFromJSON) return browser.parseRequestOptionsFromJSON(json);
  return { ...(json as object), challenge: bytes(json.challenge), allowCredentials: (json.allowCredentials ?? []).map(withBytes) } as PublicKeyCredentialRequestOptions;
}

/** What the server takes of a new credential, or of one that was used. */
export function responseOf(credential: PublicKeyCredential): object {
  try {
    return credential.toJSON();
  } catch {
    const { id, rawId, type, authenticatorAttachment, response } = credential;
    const parts = response as unknown as Record<string, ArrayBuffer | null | undefined>;
    const texts = BYTES.flatMap((name) => (parts[name] ? [[name, text(parts[name])]] : []));
    const transports = (response as Partial<AuthenticatorAttestationResponse>).getTransports?.();
    return {
      id,
      rawId: text(rawId),
      type,
      authenticatorAttachment: authenticatorAttachment ?? undefined,
      clientExtensionResults: credential.getClientExtensionResults(),
      response: { ...Object.fromEntries(texts), transports },
    };
  }
}

/** The members of a response that are bytes, of either ceremony. */
const BYTES = ['clientDataJSON', 'attestationObject', 'authenticatorData', 'signature', 'userHandle'];

function withBytes({ id, ...rest }: PublicKeyCredentialDescriptorJSON): object {
  return { ...rest, id: bytes(id) };
}

function bytes(base64url: string): Uint8Array {
  return Uint8Array.from(atob(base64url.replace(/-/g, '+').replace(/_/g, '/')), (char) => char.charCodeAt(0));
}

function text(buffer: ArrayBuffer): string {
  const binary = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join('');
  return btoa(binary).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
}
