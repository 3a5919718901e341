// Decides when to refresh and what the outcome means. One request in flight per tab, at most two
// tries a flight, then a pause that grows. Only the server's word that the session is over signs out.

import { type CountersignError, isProofMissing, isSessionOver } from './errors.ts';
import { exclusive } from './exclusive.ts';
import { parseTokenResponse, type Post } from './http.ts';
import type { Session } from './session.ts';
import type { Environment } from './types.ts';

/** Time limit of a try. The server's grace and reuse windows are made for this value. */
const TRY_LIMIT_MS = 5_000;
/** After a lost response the second try follows soon, while the server still repeats the response. */
const SECOND_TRY_AFTER_MS = 300;
/** The pause after the first failed flight; it doubles up to the longest. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
/** A token is renewed this long before it expires, or at half its life if that is shorter. */
const EARLY_MS = 30_000;
/** A token with less than this left may be refused when it arrives. */
const TRAVEL_MS = 5_000;
/** A server that issues tokens without a lifetime is not asked more often than this. */
const SHORTEST_TIMER_MS = 1_000;

export interface Refresher {
  /** Refreshes, unless another caller just has. `rejected` is the token that an API has refused. */
  refresh(rejected?: string): Promise<void>;
  /** A token that can be sent now, or `null` if nobody is signed in. */
  token(): Promise<string | null>;
  /** The page woke up, or its timer rang: refreshes if it is time, or if the page `wasAway` from the news. */
  wake(wasAway: boolean): void;
  stop(): void;
}

export function createRefresher(env: Environment, session: Session, post: Post, lockName: string): Refresher {
  const { clock } = env;
  let flight: Promise<void> | undefined;
  let failures = 0;
  let lastError: CountersignError | undefined;
  let pausedUntil = 0;
  let cancelTimer = (): void => {};
  let stopped = false;

  const early = (): number => Math.min(EARLY_MS, session.lifetimeMs / 2);
  // Tabs that got their token together should not renew it together: the first one does it for all.
  const spread = (): number => early() / 6;
  const jittered = (ms: number): number => ms * (0.75 + env.random() / 2);

  function refresh(rejected?: string): Promise<void> {
    if (rejected && rejected !== session.accessToken) return Promise.resolve();
    if (flight) return flight;
    if (lastError && clock.monotonic() < pausedUntil) return Promise.reject(lastError);
    const { epoch, accessToken } = session;
    flight = exclusive(env, lockName, () => fly(rejected, epoch, accessToken)).finally(() => {
      flight = undefined;
      schedule();
    });
    return flight;
  }

  async function fly(rejected: string | undefined, epoch: number, before: string | undefined): Promise<void> {
    // Another tab has brought a token while this one waited. That is a reason to stop only before the
    // first try: after one without a response the server may have rotated, and this browser must get
    // the new cookie before the server stops repeating it.
    if (session.accessToken !== before) return;
    for (let tries = 1; !stopped && session.state.status !== 'signed-out'; tries++) {
      try {
        // A refused request would be an error in the console of every visitor's browser.
        const response = parseTokenResponse(await post('/api/refresh?if-any', {}, TRY_LIMIT_MS));
        // A sign-in or sign-out meanwhile: this response belongs to a session that this tab has left.
        if (session.epoch === epoch) session.accept(response);
        succeed();
        return;
      } catch (cause) {
        const error = cause as CountersignError;
        if (error.status > 0 && session.epoch !== epoch) return;
        // Just after a sign-in, the browser may not have its proof yet.
        if (tries === 2 || (error.status > 0 && !isProofMissing(error.code))) {
          const isTokenDead = session.remainingMs() <= 0 || rejected === session.accessToken;
          if (isSessionOver(error.code, isTokenDead)) {
            session.end(error.code);
            succeed();
            return;
          }
          fail(error);
          throw error;
        }
        await new Promise<void>((resume) => clock.after(jittered(error.status > 0 ? FIRST_PAUSE_MS : SECOND_TRY_AFTER_MS), resume));
      }
    }
  }

  function succeed(): void {
    failures = 0;
    lastError = undefined;
  }

  function fail(error: CountersignError): void {
    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures);
    failures++;
    lastError = error;
    // A cookie that is gone does not come back: look again when the token, which still works, ends.
    const wanted = error.code === 'no_refresh_token' ? session.remainingMs() : (error.retryAfterMs ?? 0);
    pausedUntil = clock.monotonic() + Math.max(wanted, jittered(pause));
    session.setOffline(error.status < 200 || error.status >= 500);
  }

  async function token(): Promise<string | null> {
    if (session.state.status === 'signed-out') return null;
    if (session.remainingMs() <= Math.min(TRAVEL_MS, early())) {
      await refresh().catch((error: unknown) => {
        if (session.remainingMs() <= 0) throw error;
      });
    }
    return session.accessToken ?? null;
  }

  function wake(wasAway: boolean): void {
    if (wasAway) lastError = undefined;
    const { status } = session.state;
    const isDue = wasAway || session.remainingMs() <= early() + spread();
    // A hidden page refreshes when it needs a token, or when it is visible again.
    const isWanted = status === 'signed-in' && isDue && env.page?.isVisible();
    if (status === 'unknown' || isWanted) refresh().catch(() => {});
    schedule();
  }

  function schedule(): void {
    cancelTimer();
    const { status } = session.state;
    if (stopped || flight || status === 'signed-out' || !env.page) return;
    if (status === 'signed-in' && !env.page.isVisible()) return;
    const untilTime = session.remainingMs() - early() - spread() * env.random();
    const untilAllowed = lastError ? pausedUntil - clock.monotonic() : 0;
    cancelTimer = clock.after(Math.max(untilTime, untilAllowed, SHORTEST_TIMER_MS), () => wake(false));
  }

  const unsubscribe = session.subscribe(schedule);

  return {
    refresh,
    token,
    wake,
    stop() {
      stopped = true;
      unsubscribe();
      cancelTimer();
    },
  };
}
