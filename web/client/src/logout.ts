// Signs out: on this device at once, on the server as soon as it can be reached.

import type { CountersignError } from './errors.ts';
import { exclusive } from './exclusive.ts';
import type { Post } from './http.ts';
import type { Session } from './session.ts';
import type { Environment } from './types.ts';

const TRY_LIMIT_MS = 5_000;
const RETRY_MS = 15_000;

export interface Logout {
  /** Whether the server does not know yet of an earlier logout, in this tab or another. */
  isPending(): boolean;
  /** Drops the pending logout: a new sign-in has ended the old session on the server too. */
  forget(): void;
  logout(everywhere: boolean): Promise<{ revoked: boolean }>;
  /** Tells the server of the pending logout, if there is one. */
  tellServer(token?: string): Promise<{ revoked: boolean }>;
  stop(): void;
}

/**
 * The cookie is out of reach of scripts, so a logout without a connection leaves it where it is. A
 * flag in storage (no secret) keeps the next page load from restoring the session with it.
 */
export function createLogout(env: Environment, session: Session, post: Post, name: string): Logout {
  let cancelRetry = (): void => {};
  let remembered: string | null = null;
  const read = (): string | null => (env.storage ? env.storage.getItem(name) : remembered);
  let flight: Promise<{ revoked: boolean }> | undefined;

  function write(scope: string | null): void {
    remembered = scope;
    try {
      if (scope === null) env.storage?.removeItem(name);
      else env.storage?.setItem(name, scope);
    } catch {
      // Storage is full or blocked: the pending logout then lives as long as this page.
    }
  }

  function tellServer(token?: string): Promise<{ revoked: boolean }> {
    cancelRetry();
    // Under the lock, or the answer could clear the cookie of a sign-in that happens meanwhile.
    flight ??= exclusive(env, name, () => tell(token)).finally(() => (flight = undefined));
    return flight;
  }

  async function tell(token: string | undefined): Promise<{ revoked: boolean }> {
    const scope = read();
    if (!scope) return { revoked: true };
    const status = await post('/api/logout', { everywhere: scope === 'everywhere' }, TRY_LIMIT_MS, token).then(
      () => 204,
      (error: CountersignError) => error.status,
    );
    // Any other refusal is the server's last word: asking again would not change it.
    const isFinal = status !== 0 && status !== 429 && status < 500;
    if (isFinal) write(null);
    else if (env.page) cancelRetry = env.clock.after(RETRY_MS, () => void tellServer(token));
    session.setPending(!isFinal);
    return { revoked: status === 204 || status === 401 };
  }

  return {
    isPending: () => read() !== null,
    forget() {
      cancelRetry();
      write(null);
    },
    logout(everywhere) {
      const token = session.accessToken;
      write(everywhere ? 'everywhere' : 'this');
      session.end('logout');
      return tellServer(token);
    },
    tellServer,
    stop: () => cancelRetry(),
  };
}
