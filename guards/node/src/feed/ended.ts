// The sessions that have ended while some of their access tokens have not expired. An entry names a session (`sid`) and
// never a token: ECDSA signatures are malleable, so one token can have two spellings. And the time before which all have ended:
// the issuer's store was put back to an earlier state, in which sessions live that had ended, and nobody can name them.

/** How often entries whose time is over are looked for, in seconds. */
const SWEEP_S = 60;

export class EndedSessions {
  /** Session ID → when the last of its access tokens has expired, in Unix seconds. Who accepts a token for longer asks with an earlier `now`. */
  readonly #until = new Map<string, number>();
  #notBefore = -Infinity;
  #sweptAt = 0;
  readonly #watchers = new Map<string, Set<() => void>>();

  /** Ends a session. A later call can make it longer, never shorter. */
  add(sid: string, until: number): void {
    this.#until.set(sid, Math.max(until, this.#until.get(sid) ?? until));
    for (const callback of this.#watchers.get(sid) ?? []) callback();
  }

  /** Whether it has ended; `now` in Unix seconds. */
  has(sid: string, now: number): boolean {
    const until = this.#until.get(sid);
    return until !== undefined && now < until;
  }

  /** Ends all of which a token was issued before, in Unix seconds. A later call can move that on, never back. */
  addIssuedBefore(time: number): void {
    if (time <= this.#notBefore) return;
    this.#notBefore = time;
    for (const callbacks of [...this.#watchers.values()]) for (const callback of [...callbacks]) callback();
  }

  /** Whether a token is refused: its session has ended, or it was issued too early. */
  refuses({ sid, iat }: { readonly sid?: string | undefined; readonly iat: number }, now: number): boolean {
    return iat < this.#notBefore || (sid !== undefined && this.has(sid, now));
  }

  get size(): number {
    return this.#until.size;
  }

  /** Removes, once in a while, the entries whose time is over. */
  sweep(now: number): void {
    if (now - this.#sweptAt < SWEEP_S) return;
    this.#sweptAt = now;
    for (const [sid, until] of this.#until) if (until <= now) this.#until.delete(sid);
  }

  /** Calls back when the session may have ended. The result takes it back. */
  watch(sid: string, callback: () => void): () => void {
    const callbacks = this.#watchers.get(sid) ?? new Set();
    this.#watchers.set(sid, callbacks.add(callback));
    return () => {
      callbacks.delete(callback);
      if (callbacks.size === 0 && this.#watchers.get(sid) === callbacks) this.#watchers.delete(sid);
    };
  }
}
