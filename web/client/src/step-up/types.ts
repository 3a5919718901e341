// What an app sees of the module.

import type { ClientOptions } from '../types.ts';
import type { Wanted } from './challenge.ts';

/** What somebody shows again: the password where they have one, and a code or a recovery code where they have an authenticator. */
export interface ShownAgain {
  readonly currentPassword?: string;
  /** The six digits of an authenticator. Each code is good once. */
  readonly code?: string;
  readonly recoveryCode?: string;
}

/** Somebody has to show again who they are. */
export interface Demand extends Wanted {
  /**
   * Has the server look at it, and takes the new token up, in all tabs. Rejects with a `CountersignError`; then call it again with
   * something better: `wrong_password`, `second_factor_required` (its `body.methods` says what is missing), `invalid_second_factor`,
   * `too_many_attempts`. After `network` or `timeout`, call it again with the same.
   */
  show(shown: ShownAgain): Promise<void>;
}

export interface StepUpOptions extends Pick<ClientOptions, 'environment'> {
  /**
   * Asks whoever is signed in, by a dialog for example, and calls `demand.show`. When its promise is fulfilled without that, they have
   * cancelled, and the requests get the 401 that they had. If it rejects, so do they.
   */
  reauthenticate(demand: Demand): Promise<unknown>;
}

export interface StepUp {
  /**
   * As the client's `fetch`. When a service answers 401 `insufficient_user_authentication`, it has `reauthenticate` ask, and sends the request
   * once more. Requests at the same time share one question. A request that brings its own `Authorization` is left alone.
   */
  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;
}
