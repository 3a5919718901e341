// What an app sees, and the part of the server's JSON that the client uses.

import type { SessionOverCode } from './errors.ts';
import type * as wire from './wire.ts';
import type { User } from './wire.ts';

export type { User };

/** The part of a token response that the client uses. */
export type TokenResponse = Pick<wire.TokenResponse, 'accessToken' | 'expiresIn' | 'user'>;

/**
 * What the app knows about the session. A new object each time something changes, and the same
 * object until then, so it can be compared with `===`.
 *
 * - `unknown`: not yet known (the page has just loaded, or it loaded with no connection).
 * - `signed-in`: `user` is signed in. `offline` means that the last request did not reach the server.
 * - `signed-out`: `reason` says why, if there was a session. `pending` means that the user signed
 *   out while the server could not be reached; the client tells it as soon as it can.
 */
export type AuthState =
  | { readonly status: 'unknown'; readonly user: null; readonly offline: boolean }
  | { readonly status: 'signed-in'; readonly user: User; readonly offline: boolean }
  | { readonly status: 'signed-out'; readonly user: null; readonly reason?: SignOutReason; readonly pending: boolean };

/** Why there is no session any more: the user signed out, or the server ended it. */
export type SignOutReason = 'logout' | SessionOverCode;

export interface ClientOptions {
  /** Where Countersign runs, for example `https://id.example.com`. Default: the page's own origin. */
  readonly baseUrl?: string;
  /** Further origins that may see the access token, for example `["https://api.example.com"]`. */
  readonly apiOrigins?: readonly string[];
  /** What the client takes from the outside world. Tests replace parts of it. */
  readonly environment?: Partial<Environment>;
}

export interface Client {
  /** The address of the server. */
  readonly url: string;
  /** Settles once with the first known state, or `unknown` if there is no connection. Never rejects. */
  readonly ready: Promise<AuthState>;
  readonly state: AuthState;
  /** Short for `state.user`. */
  readonly user: User | null;
  /** Calls `listener` after each change of `state`. Returns the function that stops it. */
  subscribe(listener: (state: AuthState) => void): () => void;
  /**
   * Signs in, in all tabs. Rejects with a `CountersignError`, for example with code `invalid_credentials`, or
   * `password_change_required`: then call it again with a `newPassword`, which replaces the old one. With `deletion_pending` the
   * user has asked for the account to be deleted at `body.deletionAt` of the error: `keepAccount` cancels that.
   */
  login(username: string, password: string, newPassword?: string, keepAccount?: boolean): Promise<User>;
  /**
   * Takes up a session that another request began, in all tabs, as `login` does: `response` is the JSON of a response like that of
   * `/api/login`. Throws a `CountersignError` with the code `unexpected_response` if it is anything else.
   */
  accept(response: unknown): User;
  /**
   * Signs out, in all tabs and at once. `revoked` is false when the server could not be reached: then
   * the session still lives there, and the client ends it as soon as there is a connection.
   */
  logout(options?: { readonly everywhere?: boolean }): Promise<{ readonly revoked: boolean }>;
  /**
   * `fetch` with the access token, for this page's origin, the server's and `apiOrigins`. On a 401
   * it refreshes once and tries once more. Every other request passes through untouched.
   */
  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;
  /**
   * A token that is valid now, refreshed if need be; `null` when nobody is signed in. Rejects with a
   * `CountersignError` when there is none and the server cannot be asked.
   */
  token(): Promise<string | null>;
  /** Stops timers and listeners. The client is of no use after this. */
  dispose(): void;
}

/** Two clocks, because each of them alone is wrong at times. */
export interface Clock {
  /** Wall clock in milliseconds. It may be days off, and may jump. */
  wall(): number;
  /** Milliseconds that only ever grow, but may stand still while the device sleeps. */
  monotonic(): number;
  /** Runs `task` once after `ms`. Returns the function that cancels it. */
  after(ms: number, task: () => void): () => void;
}

/** The part of `BroadcastChannel` that is used here. */
export interface Channel {
  postMessage(message: unknown): void;
  onmessage: ((event: MessageEvent) => void) | null;
  close(): void;
}

/** The page that the client lives in. */
export interface Page {
  readonly origin: string;
  isVisible(): boolean;
  /** Calls `wake` when the page is visible again; `wasAway`: it may have missed news (offline, frozen). */
  onWake(wake: (wasAway: boolean) => void): () => void;
}

export interface Environment {
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  /** From 0 to 1, for jitter only. */
  readonly random: () => number;
  /** Opens the channel between this origin's tabs. */
  readonly openChannel: (name: string) => Channel | undefined;
  readonly locks: Pick<LockManager, 'request'> | undefined;
  /** Holds one flag, never a token: that the server does not know yet of a logout. */
  readonly storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> | undefined;
  /** Absent outside a browser: then nothing is restored and no timer runs. */
  readonly page: Page | undefined;
}
