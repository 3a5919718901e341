// One tab of this origin at a time, as a courtesy to the server. Never a gate.

import type { Environment } from './types.ts';

/** How long a tab waits for the others, in milliseconds, before it goes ahead without the lock. */
const PATIENCE_MS = 2_000;

/**
 * Runs `work` while holding the lock `name`, or without it after two seconds, or if locks fail in
 * any way: a tab that is frozen while it holds the lock must not stop the others. The server makes
 * racing tabs harmless, so the lock only saves requests.
 */
export function exclusive<T>({ locks, clock }: Environment, name: string, work: () => Promise<T>): Promise<T> {
  if (!locks) return work();
  return new Promise((resolve, reject) => {
    let started = false;
    const start = async (): Promise<void> => {
      if (started) return;
      started = true;
      cancelPatience();
      await work().then(resolve, reject);
    };
    const cancelPatience = clock.after(PATIENCE_MS, start);
    locks.request(name, start).catch(start);
  });
}
