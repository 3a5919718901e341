// Keeps the issuer's keys fresh beside the requests, one fetch at a time. No request waits for it.

import type { Environment } from '../environment.ts';
import { describe } from '../fetch.ts';
import type { Key } from '../jwk-set.ts';
import { Schedule } from './schedule.ts';
import type { Source } from './source.ts';

/** The keys as requests read them, replaced as a whole. */
export interface KeySlot {
  /** Undefined while there are none to check with. */
  readonly keys: readonly Key[] | undefined;
  readonly version: number;
}

export class KeyKeeper {
  slot: KeySlot = { keys: undefined, version: 0 };
  /** Why the last fetch failed; undefined after a good one. */
  failure: string | undefined;
  readonly #env: Environment;
  readonly #source: Source;
  readonly #schedule: Schedule;
  /** No set brings these back: a cache on the way may be older than the withdrawal. */
  readonly #withdrawn = new Set<string>();
  #text: string | undefined;
  /** The `ETag` of the set, by the last answer or by the feed. */
  #tag: string | undefined;
  #hasNews = false;
  #isFetching = false;
  #isOver = false;
  #cancel = (): void => {};
  #tried: (() => void)[] = [];

  constructor(env: Environment, source: Source, staleForMs: number) {
    this.#env = env;
    this.#source = source;
    this.#schedule = new Schedule(env.elapsed(), staleForMs);
  }

  /** Does what is due, and comes back when something else is. */
  readonly turn = (): void => {
    this.#cancel();
    if (this.#isFetching || this.#isOver) return;
    const now = this.#env.elapsed();
    const step = this.#schedule.step(now);
    if (step.do === 'wait') {
      this.#cancel = this.#env.after(step.until - now, this.turn);
    } else if (step.do === 'forget') {
      this.#source.forget();
      this.#replace(undefined, undefined);
      this.#env.warn('the keys are too old to be used');
      this.turn();
    } else {
      void this.#fetch();
    }
  };

  async #fetch(): Promise<void> {
    this.#isFetching = true;
    this.#hasNews = false;
    try {
      const { keys, text, etag, freshForMs } = await this.#source.fetch();
      this.#schedule.succeeded(this.#env.elapsed(), freshForMs, this.#env.chance());
      this.#tag ??= plainTag(etag);
      // The same keys keep the tokens that they have verified.
      if (keys && text !== this.#text) this.#replace(keys, text);
      if (this.failure !== undefined) this.#env.warn('the keys are fetched again');
      this.failure = undefined;
    } catch (error) {
      this.#schedule.failed(this.#env.elapsed(), this.#env.chance());
      if (this.failure === undefined) this.#env.warn(`no keys: ${describe(error)}`);
      this.failure = describe(error);
    }
    this.#isFetching = false;
    // The answer may be older than news that came while it was on its way.
    if (this.#hasNews) this.#schedule.hearOfChange(this.#env.elapsed(), this.#env.chance());
    for (const resolve of this.#tried.splice(0)) resolve();
    this.turn();
  }

  #replace(keys: readonly Key[] | undefined, text: string | undefined): void {
    this.#text = text;
    this.slot = { keys: keys?.filter(({ id }) => !this.#withdrawn.has(id)), version: this.slot.version + 1 };
  }

  /** The feed names keys that were withdrawn: what they have signed is refused, and the keys that sign now are fetched. */
  withdraw(keyIds: Iterable<string>): void {
    const before = this.#withdrawn.size;
    for (const keyId of keyIds) this.#withdrawn.add(keyId);
    if (this.#withdrawn.size === before) return;
    this.#replace(this.slot.keys, this.#text);
    this.#hasNews = true;
    this.#schedule.hearOfWithdrawal(this.#env.elapsed(), this.#env.chance());
    this.turn();
  }

  /** A token names a key that is not known. */
  askForKey(keyId: string): void {
    if (this.#schedule.askForKey(keyId, this.#env.elapsed())) this.turn();
  }

  /** The feed names the `ETag` of the current set: another one than before is news. */
  hearOfTag(tag: string): void {
    const isNews = this.#tag !== undefined && this.#tag !== plainTag(tag);
    this.#tag = plainTag(tag);
    if (!isNews) return;
    this.#hasNews = true;
    this.#schedule.hearOfChange(this.#env.elapsed(), this.#env.chance());
    this.turn();
  }

  /** Resolves after the next fetch, whether good or not. */
  nextTry(): Promise<void> {
    return new Promise((resolve) => this.#tried.push(resolve));
  }

  /** How long ago the issuer last confirmed the keys, in milliseconds; undefined without keys. */
  get ageMs(): number | undefined {
    return this.#schedule.age(this.#env.elapsed());
  }

  close(): void {
    this.#isOver = true;
    this.#cancel();
    this.#replace(undefined, undefined); // it would no longer learn that one was withdrawn
  }
}

/** Proxies that compress make a tag weak. */
function plainTag(tag: string | undefined): string | undefined {
  return tag?.replace(/^W\//, '');
}
