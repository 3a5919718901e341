// Waits for the end of a token: for WebSockets and streams, which outlive the check at their start.

import type { Environment } from './environment.ts';
import type { EndedSessions } from './feed/ended.ts';

/** Why a token is over. */
export type End = 'expired' | 'revoked';

/** Timers run on the monotonic clock: look at the time of day once in a while. */
const LOOK_EVERY_MS = 60_000;

/** Resolves when the time has come or the session has ended; rejects with the signal's reason. */
export function watch(
  env: Environment,
  ended: EndedSessions,
  token: { readonly sid: string | undefined; readonly iat: number; readonly expiresAt: number },
  signal: AbortSignal | undefined,
): Promise<End> {
  return new Promise<End>((resolve, reject) => {
    let cancelTimer = (): void => {};
    let cancelWatch = (): void => {};
    const stop = () => {
      cancelTimer();
      cancelWatch();
      signal?.removeEventListener('abort', giveUp);
    };
    const end = (why: End) => {
      stop();
      resolve(why);
    };
    const giveUp = () => {
      stop();
      reject(signal?.reason);
    };
    const look = () => {
      cancelTimer();
      if (ended.refuses(token, Math.floor(env.now() / 1000))) return end('revoked');
      const left = token.expiresAt - env.now();
      if (left <= 0) end('expired');
      else cancelTimer = env.after(Math.min(left, LOOK_EVERY_MS), look);
    };
    if (signal?.aborted) return giveUp();
    signal?.addEventListener('abort', giveUp);
    const { sid } = token;
    if (sid !== undefined) cancelWatch = ended.watch(sid, look);
    look();
  });
}
