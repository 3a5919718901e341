// What the follower knows from what has arrived: the ended sessions, where to go on, and how fresh that is. Pure: bytes
// and the run time in milliseconds are arguments.
//
// It must never call itself fresh while it misses a session that ended more than `FRESH_FOR_MS` ago. So it dates what
// it has by the server's own word (`asOf`), brought to the local clock by the strictest reading: `hello` says the
// server's time at some moment after the request was sent, thus at the latest at that moment.
//
// A snapshot adds and takes nothing away: what it lacks has expired, or the server has lost it.

import { parseObject } from '../json.ts';
import type { EndedSessions } from './ended.ts';
import { EventParser, type ServerSentEvent } from './events.ts';

/** Above that lag the feed is late: two heartbeats are missing. */
export const FRESH_FOR_MS = 5_000;

/** What one `sync` names at most. */
const MAX_WITHDRAWN = 100;
const DRIFT_MS = 500;
/** A `hello` that comes this soon compares the clocks well enough. */
const EXACT_MS = 1_000;
const RENEW_INEXACT_AFTER_MS = 10_000;
const RENEW_AFTER_MS = 30 * 60_000;

export type Freshness = 'fresh' | 'late';

/** The stream makes no sense: it is left, and the next one begins at the last `sync`. */
class Nonsense extends Error {}

export class FeedState {
  readonly #issuer: string;
  readonly #ended: EndedSessions;
  /** Where the next stream goes on; undefined: with everything. Only a `sync` moves it, so nothing is skipped. */
  #cursor: string | undefined;
  /** Everything that ended before this local time is known. */
  #completeAt = -Infinity;
  #parser = new EventParser();
  #sentAt = 0;
  /** The server's time minus ours, at most; undefined before `hello`. */
  #ahead: number | undefined;
  #lastAsOf = -Infinity;
  /** Two clocks drift apart: when to compare them again. */
  #renewAt = Infinity;
  /** The `ETag` of the JWK Set, as the last `sync` said. */
  keysTag: string | undefined;
  /** The key IDs of keys that the issuer has withdrawn. */
  readonly withdrawn: Set<string> = new Set();
  /** Whether there is more to come from this stream. */
  isOpen = false;
  /** What is wrong with the stream, if that is why it was left. */
  failure: string | undefined;
  /** Whether this stream has got to its first `sync`. */
  isSynced = false;

  constructor(issuer: string, ended: EndedSessions) {
    this.#issuer = issuer;
    this.#ended = ended;
  }

  /** A request goes out. Returns the cursor that it has to name, if any. */
  connect(elapsed: number): string | undefined {
    this.#parser = new EventParser();
    this.#sentAt = elapsed;
    this.#ahead = undefined;
    this.#lastAsOf = -Infinity;
    this.#renewAt = Infinity;
    this.isOpen = true;
    this.failure = undefined;
    this.isSynced = false;
    return this.#cursor;
  }

  /** Bytes of the response have arrived. Returns whether to go on reading. */
  receive(bytes: Uint8Array, elapsed: number): boolean {
    if (!this.isOpen) return false;
    try {
      for (const event of this.#parser.push(bytes)) {
        this.#handle(event, elapsed);
        if (!this.isOpen) break;
      }
      if (elapsed >= this.#renewAt) this.isOpen = false;
    } catch (error) {
      this.failure = error instanceof Error ? error.message : 'the stream cannot be read';
      this.isOpen = false;
    }
    return this.isOpen;
  }

  /** How far behind it may be at most, in milliseconds; infinite before the first `sync`. */
  lag(elapsed: number): number {
    return elapsed - this.#completeAt;
  }

  freshness(elapsed: number): Freshness {
    return this.lag(elapsed) <= FRESH_FOR_MS ? 'fresh' : 'late';
  }

  #handle({ name, data, id }: ServerSentEvent, elapsed: number): void {
    if (!['hello', 'revoked', 'sync', 'reset'].includes(name)) return;
    const value = parseObject(new TextEncoder().encode(data));
    if (!value) throw new Nonsense(`the event ${name} is no JSON object`);
    if (name === 'hello') return this.#hello(value, elapsed);
    if (this.#ahead === undefined) throw new Nonsense('the first event is not hello');
    if (name === 'revoked') this.#revoked(value);
    if (name === 'sync') this.#sync(value, id, this.#ahead, elapsed);
    if (name === 'reset') this.#reset();
  }

  #hello({ v, iss, mode, now, notBefore }: Readonly<Record<string, unknown>>, elapsed: number): void {
    if (v !== 1) throw new Nonsense(`version ${String(v)} of the feed is not known here`);
    if (iss !== this.#issuer) throw new Nonsense(`the feed is of the issuer ${String(iss)}`);
    if (typeof now !== 'number' || (mode !== 'snapshot' && mode !== 'delta')) throw new Nonsense('hello cannot be read');
    if (notBefore !== undefined && typeof notBefore !== 'number') throw new Nonsense('hello has a notBefore that is no time');
    if (mode === 'delta' && this.#cursor === undefined) throw new Nonsense('a delta, and nothing that it adds to');
    if (notBefore !== undefined) this.#ended.addIssuedBefore(notBefore);
    this.#ahead = now - this.#sentAt;
    this.#renewAt = elapsed + (elapsed - this.#sentAt < EXACT_MS ? RENEW_AFTER_MS : RENEW_INEXACT_AFTER_MS);
  }

  #revoked({ until, sid }: Readonly<Record<string, unknown>>): void {
    const isRead = typeof until === 'number' && Array.isArray(sid) && sid.every((id) => typeof id === 'string');
    if (!isRead) throw new Nonsense('revoked cannot be read');
    for (const id of sid as string[]) this.#ended.add(id, until);
  }

  #sync({ asOf, keys, withdrawn }: Readonly<Record<string, unknown>>, id: string | undefined, ahead: number, elapsed: number): void {
    if (typeof asOf !== 'number') throw new Nonsense('sync has no asOf');
    // A clock that was set is compared with ours anew. A little into the future is a drift.
    if (asOf < this.#lastAsOf || asOf - ahead > elapsed + DRIFT_MS) {
      this.isOpen = false;
      return;
    }
    this.#lastAsOf = asOf;
    this.#cursor = id ?? this.#cursor;
    this.#completeAt = Math.max(this.#completeAt, Math.min(asOf - ahead, elapsed));
    this.keysTag = typeof keys === 'string' ? keys : this.keysTag;
    for (const keyId of Array.isArray(withdrawn) ? withdrawn.slice(0, MAX_WITHDRAWN) : []) {
      if (typeof keyId === 'string') this.withdrawn.add(keyId);
    }
    this.isSynced = true;
  }

  /** What was there stays refused: an ended session never comes back to life. */
  #reset(): void {
    this.#cursor = undefined;
    this.#completeAt = -Infinity;
    this.isOpen = false;
  }
}
