// The only file that touches browser globals. Each may be missing: server-side rendering, old
// browsers, blocked storage.

import type { Environment, Page } from './types.ts';

/** What a module needs that only sends requests. */
export const requests: Pick<Environment, 'fetch' | 'clock'> = {
  fetch: (input, init) => fetch(input, init),
  clock: {
    wall: () => Date.now(),
    monotonic: () => performance.now(),
    after: (ms, task) => {
      const timer = setTimeout(task, ms);
      return () => clearTimeout(timer);
    },
  },
};

export function browserEnvironment(): Environment {
  const page = typeof document === 'undefined' ? undefined : browserPage();
  return {
    ...requests,
    random: () => Math.random(),
    // Outside a page no other tab listens, and an open channel keeps Node running.
    openChannel: (name) => page && new BroadcastChannel(name),
    locks: globalThis.navigator?.locks,
    storage: localStorageIfAllowed(),
    page,
  };
}

/** Reading `localStorage` throws where the user blocks it. */
function localStorageIfAllowed(): Storage | undefined {
  try {
    return globalThis.localStorage;
  } catch {
    return undefined;
  }
}

function browserPage(): Page {
  const isVisible = (): boolean => document.visibilityState === 'visible';
  return {
    origin: location.origin,
    isVisible,
    onWake: (wake) => {
      const stop = new AbortController();
      addEventListener('online', () => wake(true), stop);
      // A page that comes back from the back/forward cache has missed the other tabs' news.
      addEventListener('pageshow', ({ persisted }) => persisted && wake(true), stop);
      document.addEventListener('visibilitychange', () => isVisible() && wake(false), stop);
      return () => stop.abort();
    },
  };
}
