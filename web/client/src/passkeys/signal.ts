// Tells password managers what the server knows (WebAuthn Level 3, §5.1.10: the Signal API), so that they offer no passkey that is of no use.
// It is a hint: where it is missing or fails, nothing else does.

import type { Authenticators, Passkey } from './types.ts';

/** Whose passkeys they are. */
export interface SignalOf {
  readonly rpId: string;
  readonly userHandle: string;
}

export interface Signals {
  unknown(rpId: string, credentialId: string): void;
  /** All that the account has, and what it is called. */
  known(of: SignalOf, passkeys: readonly Passkey[], name: string | undefined): void;
}

export function createSignals({ PublicKeyCredential: browser }: Authenticators): Signals {
  return {
    unknown(rpId, credentialId) {
      quietly(() => browser?.signalUnknownCredential?.({ rpId, credentialId }));
    },
    known({ rpId, userHandle: userId }, passkeys, name) {
      const allAcceptedCredentialIds = passkeys.map(({ passkey }) => passkey.credentialId);
      quietly(() => browser?.signalAllAcceptedCredentials?.({ rpId, userId, allAcceptedCredentialIds }));
      if (name !== undefined) quietly(() => browser?.signalCurrentUserDetails?.({ rpId, userId, name, displayName: name }));
    },
  };
}

function quietly(tell: () => Promise<void> | undefined): void {
  void (async () => tell())().catch(() => {});
}
