// What this tab knows: the access token, in memory only, and the state that the app sees.
// Decides which news of other tabs to believe. Knows nothing of HTTP or timers.

import type { AuthState, Channel, Clock, SignOutReason, TokenResponse, User } from './types.ts';

/** What one tab tells the others: a new token, or why a session is over. */
type News =
  | { token: string; user: User; remainingMs: number }
  | { sessionId: string; reason: SignOutReason };

interface Held {
  readonly token: string;
  readonly sessionId: string;
  readonly lifetimeMs: number;
  readonly wallAt: number;
  readonly monotonicAt: number;
}

export interface Session {
  readonly state: AuthState;
  readonly accessToken: string | undefined;
  /** Grows when one session ends or another begins: a response to an older epoch must be dropped. */
  readonly epoch: number;
  /** Lifetime of the held token from its receipt; 0 without one. */
  readonly lifetimeMs: number;
  /** Time until the token expires; 0 or less if it has expired or there is none. */
  remainingMs(): number;
  subscribe(listener: (state: AuthState) => void): () => void;
  /** A token from the server: keeps it and tells the other tabs. */
  accept(response: TokenResponse): void;
  /** Forgets the token and tells the other tabs. */
  end(reason: SignOutReason, pending?: boolean): void;
  setOffline(offline: boolean): void;
  /** Whether the server does not know yet of the logout. */
  setPending(pending: boolean): void;
  close(): void;
}

export function createSession(clock: Clock, channel: Channel | undefined): Session {
  let state: AuthState = { status: 'unknown', user: null, offline: false };
  let held: Held | undefined;
  let epoch = 0;
  // Another tab's news may arrive late: a session that has ended never comes back.
  const ended = new Set<string | undefined>();
  const listeners = new Set<(state: AuthState) => void>();

  function setState(next: AuthState): void {
    if (JSON.stringify(next) === JSON.stringify(state)) return;
    state = next;
    // Later, so that a listener that throws cannot break the client in the middle of something.
    for (const listener of listeners) queueMicrotask(() => listener(next));
  }

  function remainingMs(): number {
    if (!held) return 0;
    // Only differences are used, so it does not matter how wrong the device's clock is (the server
    // said "in n seconds"). The larger one counts: a sleeping device stops the monotonic clock,
    // setting the clock back stops the other.
    const elapsed = Math.max(clock.wall() - held.wallAt, clock.monotonic() - held.monotonicAt);
    return held.lifetimeMs - elapsed;
  }

  function hold(token: string, user: User, lifetimeMs: number): void {
    const sessionId = sessionIdOf(token);
    if (held?.sessionId !== sessionId) {
      epoch++;
      ended.add(held?.sessionId);
    }
    held = { token, sessionId, lifetimeMs, wallAt: clock.wall(), monotonicAt: clock.monotonic() };
    setState({ status: 'signed-in', user, offline: false });
  }

  function forget(reason: SignOutReason, pending: boolean): void {
    ended.add(held?.sessionId);
    epoch++;
    // A visitor who was never signed in needs no reason.
    const known = held || reason !== 'no_refresh_token';
    held = undefined;
    setState({ status: 'signed-out', user: null, ...(known && { reason }), pending });
  }

  function hear(news: News): void {
    if ('token' in news) {
      const sessionId = sessionIdOf(news.token);
      const isOlder = held?.sessionId === sessionId && news.remainingMs <= remainingMs();
      if (!isOlder && !ended.has(sessionId)) hold(news.token, news.user, news.remainingMs);
    } else if (!held || held.sessionId === news.sessionId) {
      ended.add(news.sessionId);
      if (state.status !== 'signed-out') forget(news.reason, false);
    }
  }

  const tell = (news: News): void => channel?.postMessage(news);
  if (channel) channel.onmessage = (event) => hear(event.data as News);

  return {
    get state() {
      return state;
    },
    get accessToken() {
      return held?.token;
    },
    get epoch() {
      return epoch;
    },
    get lifetimeMs() {
      return held?.lifetimeMs ?? 0;
    },
    remainingMs,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    accept({ accessToken, user, expiresIn }) {
      hold(accessToken, user, expiresIn * 1000);
      tell({ token: accessToken, user, remainingMs: expiresIn * 1000 });
    },
    end(reason, pending = false) {
      if (held) tell({ sessionId: held.sessionId, reason });
      forget(reason, pending);
    },
    setOffline(offline) {
      if (state.status !== 'signed-out') setState({ ...state, offline });
    },
    setPending(pending) {
      if (state.status === 'signed-out') setState({ ...state, pending });
    },
    close() {
      epoch++;
      listeners.clear();
      channel?.close();
    },
  };
}

/** The `sid` claim, read without any check: it only tells this server's own tokens apart. */
function sessionIdOf(token: string): string {
  try {
    const payload = (token.split('.')[1] ?? '').replace(/-/g, '+').replace(/_/g, '/');
    const { sid } = JSON.parse(atob(payload)) as { sid?: unknown };
    return typeof sid === 'string' ? sid : '';
  } catch {
    return '';
  }
}
