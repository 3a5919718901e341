// `createClient`: puts the parts together.

import { browserEnvironment } from './environment.ts';
import { exclusive } from './exclusive.ts';
import { createFetch } from './fetch.ts';
import { createPost, parseTokenResponse } from './http.ts';
import { createLogout } from './logout.ts';
import { createRefresher } from './refresh.ts';
import { createSession } from './session.ts';
import type { AuthState, Client, ClientOptions, User } from './types.ts';

/** Longer than a refresh may take: the server hashes the password, and may queue for that. */
const LOGIN_LIMIT_MS = 20_000;

export function createClient(options: ClientOptions = {}): Client {
  const env = { ...browserEnvironment(), ...options.environment };
  const baseUrl = (options.baseUrl ?? env.page?.origin ?? '').replace(/\/+$/, '');
  const base = new URL(baseUrl, env.page?.origin);
  const name = `countersign:${base.href}`;

  const session = createSession(env.clock, env.openChannel(name));
  const post = createPost(env, baseUrl);
  const refresher = createRefresher(env, session, post, name);
  const logout = createLogout(env, session, post, name);
  const origins = new Set([base.origin, ...(options.apiOrigins ?? []).map((origin) => new URL(origin).origin)]);
  if (env.page) origins.add(env.page.origin);

  async function restore(): Promise<AuthState> {
    if (logout.isPending()) {
      session.end('logout', true);
      void logout.tellServer();
    } else if (env.page) {
      await refresher.refresh().catch(() => {});
    }
    return session.state;
  }

  function accept(response: unknown): User {
    const signedIn = parseTokenResponse(response);
    logout.forget();
    session.accept(signedIn);
    return signedIn.user;
  }

  const ready = restore();
  const stopWaking = env.page?.onWake((wasAway) => {
    if (session.state.status === 'signed-out') void logout.tellServer();
    else refresher.wake(wasAway);
  });

  return {
    url: base.href,
    ready,
    get state() {
      return session.state;
    },
    get user() {
      return session.state.user;
    },
    subscribe: session.subscribe,
    login: (username, password, newPassword, keepAccount) =>
      exclusive(env, name, () => post('/api/login', { username, password, newPassword, keepAccount }, LOGIN_LIMIT_MS)).then(accept),
    accept,
    logout: ({ everywhere = false } = {}) => logout.logout(everywhere),
    fetch: createFetch(env, session, refresher, origins),
    token: refresher.token,
    dispose() {
      stopWaking?.();
      refresher.stop();
      logout.stop();
      session.close();
    },
  };
}
