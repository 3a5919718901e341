// What the guard needs of the world around it. Tests put another world in its place.

export interface Environment {
  readonly fetch: typeof globalThis.fetch;
  /** The time of day, in milliseconds since 1970-01-01 UTC: for the times in tokens. */
  now(): number;
  /** How long the program has run, in milliseconds; never goes back: for the age of keys and of the feed. */
  elapsed(): number;
  /** Calls back after that many milliseconds, without keeping the process alive. The result takes it back. */
  after(ms: number, callback: () => void): () => void;
  /** Uniform in 0..1: keeps many guards from asking at the same moment. Nothing here is secret. */
  chance(): number;
  /** Tells the operator. Called when something starts or stops to fail, not each time. */
  warn(message: string): void;
}

/** The longest time that a timer of Node takes; a longer one fires at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const REAL: Environment = {
  fetch: (input, init) => globalThis.fetch(input, init),
  now: () => Date.now(),
  elapsed: () => performance.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, Math.min(ms, LONGEST_TIMER_MS));
    timer.unref();
    return () => clearTimeout(timer);
  },
  chance: () => Math.random(),
  warn: (message) => console.warn(`countersign guard: ${message}`),
};
