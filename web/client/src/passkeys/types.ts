// What an app sees of the module for passkeys, and the part of the server's JSON that it uses.

import type { SignInWishes } from '../account/types.ts';
import type { User } from '../types.ts';

export type { SignInWishes };

/** What the module takes from the browser. Each part may be missing. */
export interface Authenticators {
  readonly credentials: Pick<CredentialsContainer, 'create' | 'get'> | undefined;
  readonly PublicKeyCredential: Partial<typeof PublicKeyCredential> | undefined;
}

/**
 * What a `CountersignError` of this module says beside the server's codes.
 *
 * - `passkey_unsupported`: this browser has no passkeys, or none in the autofill.
 * - `passkey_cancelled`: it was cancelled, took too long, or there is no passkey that fits. Browsers do not tell these apart.
 * - `passkey_exists`: this authenticator has a passkey of the account already.
 * - `passkey_origin`: the page's origin is none of the server's passkeys (`rp_id` and `related_origins` of its configuration).
 * - `passkey_superseded`: another request to the authenticators was begun.
 * - `passkey_failed`: the authenticator has failed, or cannot do what the server asks for; `cause` says more.
 */
export type PasskeyErrorCode = 'passkey_unsupported' | 'passkey_cancelled' | 'passkey_exists' | 'passkey_origin' | 'passkey_superseded' | 'passkey_failed';

/** A passkey that was shown: the member `passkey` of a request to the server. Good once, and for five minutes. */
export interface PasskeyProof {
  readonly ticket: string;
  readonly credential: object;
}

/** How the owner of an account shows who they are, before it changes. What the server asks for: the password, and a second factor where there is one. */
export interface OwnerProof {
  readonly currentPassword?: string;
  /** Of an authenticator app. */
  readonly code?: string;
  readonly recoveryCode?: string;
  /** In the place of all of them, if the authenticator has verified its user. */
  readonly passkey?: PasskeyProof;
}

export interface SecondStepWishes extends SignInWishes {
  /** Whether to ask no more on this device, for as long as the server says with `trustFor`. */
  readonly trustDevice?: boolean;
}

export interface EnrolOptions {
  /** For a security key that cannot verify its user, or that keeps nothing: it is good for the second step, and signs nobody in alone. */
  readonly secondStepOnly?: boolean;
}

export interface AutofillOptions {
  /** Ends the waiting; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** A second factor of an account. */
export interface Factor {
  readonly id: string;
  /** `totp`, `passkey`; of newer servers perhaps another. */
  readonly kind: string;
  readonly name: string;
  /** RFC 3339. */
  readonly createdAt: string;
  readonly lastUsedAt: string | null;
  /** Of a passkey only. */
  readonly passkey?: PasskeyFacts;
}

export interface PasskeyFacts {
  readonly credentialId: string;
  /** Whether it is kept by a service that brings it to other devices too. */
  readonly backupEligible: boolean;
  /** Whether it is there already. */
  readonly backedUp: boolean;
  readonly transports: readonly string[];
  /** Whether it signs in alone; otherwise it is for the second step. Older servers do not say so. */
  readonly signsIn?: boolean;
  /** Which kind of authenticator, if it says so. */
  readonly aaguid: string | null;
}

/** A passkey of an account. */
export type Passkey = Factor & { readonly passkey: PasskeyFacts };

export interface AddedPasskey {
  readonly factor: Factor;
  /** With the first factor of the account: shown once, and never again. Otherwise none. */
  readonly recoveryCodes: readonly string[];
}

export interface PasskeyOnTheWayIn {
  /** Shown once, and never again. */
  readonly recoveryCodes: readonly string[];
  /** Signs in, in all tabs. Call it once the codes are kept: a page that follows the state may go on at once. */
  accept(): User;
}

/**
 * Passkeys. One request to the authenticators runs at a time: one that is asked for by a button ends the one behind the autofill, which
 * comes back when that has failed. Every failure is a `CountersignError`, with a code of the server's or a `PasskeyErrorCode`.
 *
 * What browsers ask for is asked for when a method is called, so call it from a click.
 */
export interface Passkeys {
  /** Whether this browser has passkeys. Nothing says whether somebody has one. */
  readonly isSupported: boolean;
  /** Whether this browser offers passkeys in the autofill of a field. Never rejects. */
  canAutofill(): Promise<boolean>;
  /**
   * Signs in, in all tabs, with any passkey of this site. Rejects with `password_change_required` or `deletion_pending` as `login` does: call it
   * again with what is wanted, and the authenticator is not asked again. With `passkey_unknown` the passkey was removed from its account; the
   * password manager has been told.
   */
  signIn(wishes?: SignInWishes): Promise<User>;
  /**
   * Waits until somebody chooses a passkey in the autofill of a field with `autocomplete="username webauthn"`, and signs in as `signIn` does.
   * Resolves too when somebody signs in by other means, in this tab or another. Rides out lost connections. After a refusal, call it again.
   */
  autofill(options?: AutofillOptions): Promise<User>;
  /** The second step of a sign-in: `ticket` is that of the code `second_factor_required`, whose `methods` have `passkey`. */
  secondStep(ticket: string, wishes?: SecondStepWishes): Promise<User>;
  /** Makes the passkey that an account has to have before it can sign in: with `mustEnrol` of `second_factor_required`. */
  enrolOnTheWayIn(ticket: string, name: string, wishes?: SecondStepWishes): Promise<PasskeyOnTheWayIn>;
  /**
   * Makes a passkey for whoever is signed in. If the server refuses the proof, call it again with another one: the authenticator is not
   * asked again. All other sessions end.
   */
  enrol(name: string, proof?: OwnerProof, options?: EnrolOptions): Promise<AddedPasskey>;
  /** Gives up a passkey that was made and whose proof was refused: the password manager is told to forget it. */
  discard(): void;
  /** Has whoever is signed in show a passkey of theirs, for a change that asks for it. */
  prove(): Promise<PasskeyProof>;
  /** The same, to raise `auth_time`, `amr` and `acr` of the session; the next refresh has them. */
  reauthenticate(currentPassword?: string): Promise<void>;
  /** The passkeys of whoever is signed in. The password manager is told which they are, and forgets others of this account. */
  list(): Promise<readonly Passkey[]>;
  rename(id: string, name: string): Promise<void>;
  /** All other sessions end. */
  remove(id: string, proof?: OwnerProof): Promise<void>;
}
