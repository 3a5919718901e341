// Follows the feed beside the requests: one stream at a time, and back again after every end of it.

import type { Environment } from '../environment.ts';
import { describe } from '../fetch.ts';
import type { FeedState } from './state.ts';

/** A stream that is silent for that long is dead: heartbeats come every two seconds. */
const SILENCE_MS = 10_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
/** When the key is refused, and at most when the server names a time. */
const LONGEST_REFUSED_PAUSE_MS = 60_000;

/** The server has answered, but not with the feed. */
class Refused extends Error {
  readonly isOfKey: boolean;
  /** The time that the server names. */
  readonly pauseMs: number | undefined;

  constructor(status: number, retryAfter: string | null) {
    super(`the response is ${status}`);
    this.isOfKey = status === 401 || status === 403;
    const seconds = /^\d{1,6}$/.exec(retryAfter ?? '')?.[0];
    this.pauseMs = seconds === undefined ? undefined : Math.min(Number(seconds) * 1000, LONGEST_REFUSED_PAUSE_MS);
  }
}

export interface FollowerOptions {
  readonly url: URL;
  readonly key: string | undefined;
}

export class Follower {
  /** Why the last stream ended badly; undefined while one is good. */
  failure: string | undefined;
  readonly #env: Environment;
  readonly #options: FollowerOptions;
  readonly #state: FeedState;
  readonly #onSync: () => void;
  #failures = 0;
  #abort = new AbortController();
  #isOver = false;
  #tried: (() => void)[] = [];

  constructor(env: Environment, options: FollowerOptions, state: FeedState, onSync: () => void) {
    this.#env = env;
    this.#options = options;
    this.#state = state;
    this.#onSync = onSync;
  }

  /** Follows until it is closed. */
  readonly start = (): void => {
    if (this.#isOver) return;
    void this.#stream().then((pauseMs) => {
      this.#settle();
      this.#env.after(pauseMs, this.start);
    });
  };

  /** Resolves at the next `sync`, or at the end of a stream that has none. */
  nextTry(): Promise<void> {
    return new Promise((resolve) => this.#tried.push(resolve));
  }

  close(): void {
    this.#isOver = true;
    this.#abort.abort();
  }

  /** One stream from its request to its end. Returns how long to wait for the next. */
  async #stream(): Promise<number> {
    this.#abort = new AbortController();
    try {
      await this.#read();
      if (!this.#state.isSynced) throw new Error('the stream ended before it said anything');
      return FIRST_PAUSE_MS * this.#env.chance();
    } catch (error) {
      // A stream that was good for a while and broke is not yet worth a word.
      if (!this.#state.isSynced || this.#state.failure !== undefined) this.#fail(describe(error));
      return this.#pauseAfter(error);
    } finally {
      this.#abort.abort(); // whatever is still open
    }
  }

  async #read(): Promise<void> {
    const { url, key } = this.#options;
    let cancelSilence = this.#listen();
    try {
      const cursor = this.#state.connect(this.#env.elapsed());
      const headers = {
        accept: 'text/event-stream',
        'cache-control': 'no-store',
        ...(key !== undefined && { authorization: `Bearer ${key}` }),
        ...(cursor !== undefined && { 'last-event-id': cursor }),
      };
      const response = await this.#env.fetch(url, { headers, redirect: 'manual', signal: this.#abort.signal });
      if (response.status !== 200) throw new Refused(response.status, response.headers.get('retry-after'));
      if (!/^text\/event-stream *(?:;|$)/i.test(response.headers.get('content-type') ?? '')) throw new Error('the response is no event stream');
      for await (const bytes of response.body ?? []) {
        cancelSilence();
        cancelSilence = this.#listen();
        if (!this.#receive(bytes)) return;
      }
    } finally {
      cancelSilence();
    }
  }

  /** Returns whether to go on reading. */
  #receive(bytes: Uint8Array): boolean {
    const goesOn = this.#state.receive(bytes, this.#env.elapsed());
    if (this.#state.isSynced) {
      if (this.failure !== undefined) this.#env.warn('the feed of ended sessions is followed again');
      this.failure = undefined;
      this.#failures = 0;
      this.#settle();
      this.#onSync();
    }
    if (this.#state.failure !== undefined) throw new Error(this.#state.failure);
    return goesOn;
  }

  #listen(): () => void {
    return this.#env.after(SILENCE_MS, () => this.#abort.abort(new Error('nothing has come for ten seconds')));
  }

  #fail(message: string): void {
    if (this.#isOver) return;
    if (this.failure === undefined) this.#env.warn(`the feed of ended sessions at ${this.#options.url.href}: ${message}`);
    this.failure = message;
    this.#failures += 1;
  }

  #pauseAfter(error: unknown): number {
    const refused = error instanceof Refused ? error : undefined;
    if (refused?.pauseMs !== undefined) return refused.pauseMs * (0.5 + 0.5 * this.#env.chance());
    // Full jitter: guards that have lost one server do not all come to the next at the same moment.
    const longest = refused?.isOfKey ? LONGEST_REFUSED_PAUSE_MS : LONGEST_PAUSE_MS;
    return Math.min(FIRST_PAUSE_MS * 2 ** Math.min(this.#failures, 10), longest) * this.#env.chance();
  }

  #settle(): void {
    for (const resolve of this.#tried.splice(0)) resolve();
  }
}
