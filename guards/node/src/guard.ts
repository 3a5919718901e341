// The guard: the verifier, with the keys and the feed that keep it up to date.

import { ANSWER_WITHIN_MS, Asker } from './ask/asker.ts';
import { Endpoint, type AskOptions } from './ask/endpoint.ts';
import type { Authorization } from './bearer.ts';
import type { AccessClaims } from './claims.ts';
import { REAL, type Environment } from './environment.ts';
import { EndedSessions } from './feed/ended.ts';
import { Follower } from './feed/follower.ts';
import { FeedState, type Freshness } from './feed/state.ts';
import { fetchUrl } from './fetch.ts';
import type { Algorithm } from './jwk-set.ts';
import { KeyKeeper } from './keys/keeper.ts';
import { Source } from './keys/source.ts';
import type { Demands, Policy } from './policy.ts';
import { Verifier, type Knowledge, type WhenLate } from './verifier.ts';
import { watch, type End } from './watch.ts';

export interface FeedOptions {
  /** What `countersign feed-key add NAME` printed. Not needed if the feed is public. */
  readonly key?: string | undefined;
  /** Where the feed is. Default: `/api/revocations` at the issuer. */
  readonly url?: string;
  /** What to do while the guard may miss sessions that have ended. Default: `'accept'`. */
  readonly whenLate?: WhenLate;
}

export interface GuardOptions {
  /** The issuer exactly as its tokens say it: an `https` URL, or `http` on this machine. */
  readonly issuer: string;
  /** The name of this service in the tokens' `aud`; with several, any of them. */
  readonly audience: string | readonly string[];
  /** Follow the feed of ended sessions, so that a logout counts here at once. */
  readonly feed?: FeedOptions;
  /** Where the keys are, if not where the issuer's metadata says. */
  readonly jwksUrl?: string;
  /** Default: RS256, ES256, ES384 and EdDSA. */
  readonly algorithms?: readonly Algorithm[];
  /** Default: `'at+jwt'` (RFC 9068). `'JWT'` also takes tokens without `typ`: ID tokens of the same issuer pass then. */
  readonly type?: 'at+jwt' | 'JWT';
  /** How far the clocks may differ, in seconds, at most 120. Default: 30. */
  readonly leewaySeconds?: number;
  /** Scopes and roles that every route demands. */
  readonly demands?: Demands;
  /** How long requests wait for the first keys and the feed after the start, in milliseconds. Default: 5,000. */
  readonly startupWaitMs?: number;
  /** How long keys are used after the issuer last confirmed them, in milliseconds. Default: a day. */
  readonly staleForMs?: number;
  /** How long one fetch may take, in milliseconds. Default: 10,000. */
  readonly timeoutMs?: number;
  /** Where warnings go. Default: `console.warn`. */
  readonly warn?: (message: string) => void;
  /** Another world, for tests: clocks, timers, chance, `fetch`. */
  readonly environment?: Partial<Environment>;
}

export interface FeedStatus {
  readonly freshness: Freshness;
  /** How far the guard may be behind. */
  readonly lagMs: number;
  /** How many ended sessions it holds. */
  readonly ended: number;
  /** Why the stream broke; undefined while it is good. */
  readonly failure: string | undefined;
  /** Why the last question about a session has no answer; undefined after one that has. */
  readonly askFailure: string | undefined;
}

/** For metrics and readiness checks. */
export interface GuardStatus {
  /** How many keys there are, when the issuer last confirmed them, and why the last fetch failed. */
  readonly keys: { readonly count: number; readonly ageMs: number | undefined; readonly failure: string | undefined };
  /** Undefined without a feed. */
  readonly feed: FeedStatus | undefined;
}

/** Checks access tokens. */
export interface Guard {
  /**
   * Checks the values of a request's `Authorization` headers. Rejects with a `Refusal`.
   *
   * Never waits for the network, but for the first keys in the first seconds after the start, and for the issuer's word about
   * a session while the feed is late, if `whenLate` says so.
   */
  authenticate(authorization: Authorization, demands?: Demands): Promise<AccessClaims>;
  /** Checks a token that came in another way, a WebSocket's first message for example. Rejects with a `Refusal`. */
  verify(token: string, demands?: Demands): Promise<AccessClaims>;
  /** Resolves when there are keys (and the feed has said what ended); rejects after that many milliseconds. */
  ready(options?: { readonly timeoutMs?: number }): Promise<void>;
  /** Resolves when the token expires or its session ends: for connections that outlive the check. */
  watch(claims: AccessClaims, options?: { readonly signal?: AbortSignal }): Promise<End>;
  status(): GuardStatus;
  /** Stops fetching and following. Every token is refused with 503 from then on. */
  close(): void;
}

/** Makes a guard. It does nothing until its first request, or `ready()`. Throws an `Error` for options that make no sense. */
export function createGuard(options: GuardOptions): Guard {
  return new RemoteGuard(options);
}

const USUAL_ALGORITHMS: readonly Algorithm[] = ['RS256', 'ES256', 'ES384', 'EdDSA'];
/** The issuer counts on it when it forgets ended sessions. */
const MAX_LEEWAY_S = 120;
const DAY_MS = 24 * 60 * 60_000;

class RemoteGuard implements Guard {
  readonly #env: Environment;
  readonly #keeper: KeyKeeper;
  readonly #ended = new EndedSessions();
  readonly #feed: { readonly state: FeedState; readonly follower: Follower } | undefined;
  readonly #whenLate: Knowledge['whenLate'];
  readonly #verifier: Verifier;
  readonly #leewaySeconds: number;
  readonly #startupWaitMs: number;
  /** Pending until the first try of everything is over; undefined before the start and after that. */
  #starting: Promise<unknown> | undefined;
  #isStarted = false;

  constructor(options: GuardOptions) {
    this.#env = { ...REAL, ...options.environment, ...(options.warn && { warn: options.warn }) };
    const policy = policyOf(options);
    this.#leewaySeconds = policy.leewaySeconds;
    this.#startupWaitMs = options.startupWaitMs ?? 5_000;
    const { issuer, jwksUrl, algorithms = USUAL_ALGORITHMS, timeoutMs = 10_000 } = options;
    const source = new Source(this.#env, { issuer, jwksUrl, algorithms, timeoutMs });
    this.#keeper = new KeyKeeper(this.#env, source, options.staleForMs ?? DAY_MS);
    this.#feed = options.feed && this.#follow(issuer, options.feed);
    this.#whenLate = this.#lateness(options.feed?.whenLate ?? 'accept', issuer, timeoutMs);
    this.#verifier = new Verifier(policy, {
      slot: () => this.#keeper.slot,
      ended: this.#ended,
      freshness: () => this.#feed?.state.freshness(this.#env.elapsed()) ?? 'fresh',
      whenLate: this.#whenLate,
      now: () => this.#now(),
      askForKey: (keyId) => this.#keeper.askForKey(keyId),
    });
  }

  #follow(issuer: string, { key, url }: FeedOptions): { state: FeedState; follower: Follower } {
    const state = new FeedState(issuer, this.#ended);
    const place = fetchUrl(url ?? `${issuer.replace(/\/$/, '')}/api/revocations`);
    // An error about the header would print the key.
    if (!/^[!-~]*$/.test(key ?? '')) throw new Error('the feed key has a character that no key has');
    const onSync = () => {
      this.#ended.sweep(this.#now() - this.#leewaySeconds);
      this.#keeper.withdraw(state.withdrawn);
      if (state.keysTag !== undefined) this.#keeper.hearOfTag(state.keysTag);
    };
    return { state, follower: new Follower(this.#env, { url: place, key }, state, onSync) };
  }

  #lateness(whenLate: WhenLate, issuer: string, timeoutMs: number): Knowledge['whenLate'] {
    if (whenLate === 'accept' || whenLate === 'reject') return whenLate;
    const { shortLeashSeconds, ask }: { readonly shortLeashSeconds?: number; readonly ask?: AskOptions } = whenLate;
    if (shortLeashSeconds !== undefined && shortLeashSeconds >= 0) return { shortLeashSeconds };
    if (ask === undefined) throw new Error("whenLate is 'accept', 'reject', { shortLeashSeconds } or { ask }");
    const endpoint = new Endpoint(this.#env, issuer, ask, Math.min(timeoutMs, ANSWER_WITHIN_MS));
    return new Asker(this.#env, (token) => endpoint.isActive(token), this.#ended, this.#leewaySeconds);
  }

  async authenticate(authorization: Authorization, demands: Demands = {}): Promise<AccessClaims> {
    await this.#start();
    return this.#verifier.authenticate(authorization, demands);
  }

  async verify(token: string, demands: Demands = {}): Promise<AccessClaims> {
    await this.#start();
    return this.#verifier.verify(token, demands);
  }

  async ready({ timeoutMs = 10_000 }: { readonly timeoutMs?: number } = {}): Promise<void> {
    void this.#start();
    let isOver = false;
    const limit = setTimeout(() => (isOver = true), timeoutMs); // keeps the process alive, unlike all other timers
    const isReady = () => this.#keeper.slot.keys !== undefined && (!this.#feed || this.#feed.state.lag(0) < Infinity);
    try {
      while (!isReady() && !isOver) {
        await Promise.race([this.#keeper.nextTry(), this.#feed?.follower.nextTry() ?? NEVER, this.#after(100)]);
      }
    } finally {
      clearTimeout(limit);
    }
    const { keys, feed } = this.status();
    if (!isReady()) throw new Error(`the guard is not ready: ${keys.failure ?? feed?.failure ?? 'no answer yet'}`);
  }

  watch(claims: AccessClaims, { signal }: { readonly signal?: AbortSignal } = {}): Promise<End> {
    const expiresAt = (Math.floor(claims.exp) + this.#leewaySeconds) * 1000;
    return watch(this.#env, this.#ended, { sid: claims.sid, iat: claims.iat, expiresAt }, signal);
  }

  status(): GuardStatus {
    const { slot, ageMs, failure } = this.#keeper;
    const feed = this.#feed && {
      freshness: this.#feed.state.freshness(this.#env.elapsed()),
      lagMs: this.#feed.state.lag(this.#env.elapsed()),
      ended: this.#ended.size,
      failure: this.#feed.follower.failure,
      askFailure: this.#whenLate instanceof Asker ? this.#whenLate.failure : undefined,
    };
    return { keys: { count: slot.keys?.length ?? 0, ageMs, failure }, feed };
  }

  close(): void {
    this.#isStarted = true;
    this.#starting = undefined;
    this.#keeper.close();
    this.#feed?.follower.close();
  }

  /** Starts at the first call. The first calls wait until everything was tried once, for a while. */
  #start(): Promise<unknown> | undefined {
    if (this.#isStarted) return this.#starting;
    this.#isStarted = true;
    const tries = [this.#keeper.nextTry(), this.#feed?.follower.nextTry()];
    this.#keeper.turn();
    this.#feed?.follower.start();
    this.#starting = Promise.race([Promise.all(tries), this.#after(this.#startupWaitMs)]).then(() => {
      this.#starting = undefined;
    });
    return this.#starting;
  }

  #after(ms: number): Promise<void> {
    return new Promise((resolve) => this.#env.after(ms, resolve));
  }

  #now(): number {
    return Math.floor(this.#env.now() / 1000);
  }
}

const NEVER = new Promise<never>(() => {});

function policyOf(options: GuardOptions): Policy {
  const audiences = typeof options.audience === 'string' ? [options.audience] : options.audience;
  const leewaySeconds = options.leewaySeconds ?? 30;
  if (audiences.length === 0 || audiences.includes('')) throw new Error('a guard needs an audience');
  if (!(leewaySeconds >= 0 && leewaySeconds <= MAX_LEEWAY_S)) throw new Error(`leewaySeconds is 0 to ${MAX_LEEWAY_S}`);
  return { issuer: options.issuer, audiences, type: options.type ?? 'at+jwt', leewaySeconds, demands: options.demands ?? {} };
}
