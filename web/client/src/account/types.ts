// What an app sees of the second module.

import type { User } from '../types.ts';
import type { Deletion, Email, StartedMail } from '../wire.ts';

export type { Deletion, Email, StartedMail };

export interface AskOptions {
  /** For the server's own check, if it has one: what a captcha gave. */
  readonly captcha?: string;
}

/** What may have to be said with a sign-in, once the server has asked for it. */
export interface SignInWishes {
  /** After the code `password_change_required`: replaces the old password. */
  readonly newPassword?: string;
  /** After the code `deletion_pending`: cancels the deletion that the owner has asked for. */
  readonly keepAccount?: boolean;
}

export interface WaitOptions extends SignInWishes {
  /** Ends the waiting; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** A sign-in that waits for its mail, in the browser that has asked for it. */
export interface MailSignIn {
  /** Two digits. Show them: whoever opens the link in another browser types them there, and this browser goes on. */
  readonly digits: string;
  /** For so many seconds the mail is good. */
  readonly expiresIn: number;
  /**
   * Signs in, in all tabs, with the code of the mail as somebody has typed it, or with its link. Rejects with `ticket_invalid` if it is
   * wrong, used or too old, and with `password_change_required` or `deletion_pending` as `login` does: then the code is still good.
   */
  withCode(codeOrLink: string, wishes?: SignInWishes): Promise<User>;
  /**
   * Waits until somebody lets this browser go on who has opened the link elsewhere, and signs in, in all tabs. Rides out lost connections.
   * Rejects with `ticket_invalid` when the mail is too old, and with `password_change_required` or `deletion_pending`: call it again
   * with what is wanted.
   */
  whenAllowed(options?: WaitOptions): Promise<User>;
}

/**
 * What people do for their own account. Everything that asks for a mail is answered alike whether anybody has the address, and
 * solves the work that the server demands while very many mails are asked for. A `codeOrLink` is the code of the mail as somebody has
 * typed it (in the browser that has asked for the mail), or its link, or the secret in it; it works once.
 * Every failure is a `CountersignError`.
 */
export interface SelfService {
  /** Asks for a mail with which an account can be made: where the server's `registration.mode` is `open`. */
  register(address: string, options?: AskOptions): Promise<StartedMail>;
  /** Makes the account. A name or a password that is refused leaves the code good. Nobody is signed in by it. */
  finishRegistration(codeOrLink: string, username: string, newPassword: string): Promise<void>;
  /** Asks for another mail that verifies an address of an account. */
  sendVerification(address: string, options?: AskOptions): Promise<StartedMail>;
  verifyEmail(codeOrLink: string): Promise<void>;
  /** Asks for a mail with which another password can be chosen. */
  forgotPassword(address: string, options?: AskOptions): Promise<StartedMail>;
  /** Sets the password and ends all sessions. A password that is refused (status 422) leaves the code good. */
  resetPassword(codeOrLink: string, newPassword: string): Promise<void>;
  /** Asks for a mail to sign in by: where the server's `mail.sign_in` is on. */
  signInByMail(address: string, options?: AskOptions): Promise<MailSignIn>;
  /** The addresses of whoever is signed in. */
  emails(): Promise<readonly Email[]>;
  /** Adds an address and sends it a mail; `verifyEmail` takes its code. */
  addEmail(address: string, currentPassword?: string): Promise<Email>;
  /** Makes a verified address the primary one; the one before gets a mail with a way back. Who has a password gives it. */
  changeEmail(id: string, currentPassword?: string): Promise<void>;
  removeEmail(id: string, currentPassword?: string): Promise<void>;
  /** Has the account deleted, and signs out in all tabs. Until `deletionAt` a sign-in with `keepAccount` takes it back. */
  deleteAccount(currentPassword?: string): Promise<Deletion>;
  /** Everything that is kept about the account: a JSON document, as it came. */
  exportData(): Promise<Blob>;
}
