// When the issuer's keys are fetched, and how long they may be used. Pure: time and chance are arguments, in
// milliseconds since the program's start and in 0..1.
//
//   success         ── fresh for 1 to 15 min, ± 10 % ──────────────► fetch
//   failure         ── 1 s, 2 s, 4 s … 60 s, half to whole ───────► fetch
//   unknown key ID  ── 12 s after the start of the last fetch ────► fetch
//   the feed says   ── at once, or up to 2 s later ───────────────► fetch
//   key withdrawn   ── 0.4 to 0.8 s later ─────────────────────────► fetch
//   last success    ── a day ─────────────────────────────────────► forget the keys
//
// Anyone can send a token with an invented key ID. So a key ID causes at most one fetch a minute, and all of them
// together one in 12 seconds, five a minute. Such a wish is delayed and never dropped: a flood of invented key IDs
// cannot hide a real new key, which the next fetch finds all the same. While fetches fail, key IDs cause none: the
// retries are under way.

const SHORTEST_MS = 60_000;
const USUAL_MS = 5 * 60_000;
const LONGEST_MS = 15 * 60_000;
const FIRST_RETRY_MS = 1_000;
const SLOWEST_RETRY_MS = 60_000;
const BETWEEN_WISHES_MS = 12_000;
const PER_KEY_ID_MS = 60_000;
const NEWS_MS = 2_000;
const WITHDRAWN_MS = 400;

export type Step = { readonly do: 'fetch' | 'forget' } | { readonly do: 'wait'; readonly until: number };

export class Schedule {
  readonly #staleForMs: number;
  /** When the next fetch is due by itself. */
  #due: number;
  #lastStart: number | undefined;
  /** There are keys, and they may be used until then. */
  #usableUntil: number | undefined;
  #failures = 0;
  /** The key IDs that caused a wish in the last minute, and when. They are few: between two there is a fetch. */
  readonly #asked = new Map<string, number>();
  /** A token had a key ID that is not in the set. */
  #hasWish = false;

  /** Due at once. Keys may be used for `staleForMs` after they were last fetched or confirmed, two minutes at least. */
  constructor(now: number, staleForMs: number) {
    this.#due = now;
    this.#staleForMs = Math.max(staleForMs, 2 * SHORTEST_MS);
  }

  step(now: number): Step {
    if (this.#usableUntil !== undefined && this.#usableUntil <= now) {
      this.#usableUntil = undefined;
      return { do: 'forget' };
    }
    const next = this.#nextFetch();
    if (now < next) return { do: 'wait', until: Math.min(next, this.#usableUntil ?? next) };
    // A wish that comes while the answer is on its way may be newer than the answer: it counts for the next one.
    this.#hasWish = false;
    this.#lastStart = now;
    return { do: 'fetch' };
  }

  #nextFetch(): number {
    const isWished = this.#hasWish && this.#failures === 0 && this.#lastStart !== undefined;
    return isWished ? Math.min(this.#due, (this.#lastStart ?? 0) + BETWEEN_WISHES_MS) : this.#due;
  }

  /** Whether the next fetch is earlier for it. */
  askForKey(keyId: string, now: number): boolean {
    if (this.#hasWish || this.#usableUntil === undefined) return false; // a fetch is to come anyhow
    for (const [asked, at] of this.#asked) if (now - at >= PER_KEY_ID_MS) this.#asked.delete(asked);
    if (this.#asked.has(keyId)) return false;
    this.#asked.set(keyId, now);
    this.#hasWish = true;
    return true;
  }

  /** The feed says that the keys have changed. */
  hearOfChange(now: number, chance: number): void {
    if (this.#failures === 0) this.#due = Math.min(this.#due, now + NEWS_MS * chance);
  }

  /**
   * The feed says that a key is withdrawn. Nobody's tokens pass until the key that signs in its place is here: it is fetched
   * sooner, but not before every node of the issuer has it.
   */
  hearOfWithdrawal(now: number, chance: number): void {
    if (this.#failures === 0) this.#due = Math.min(this.#due, now + WITHDRAWN_MS * (1 + chance));
  }

  /** The issuer has answered with keys, or said that they are the same. */
  succeeded(now: number, freshForMs: number | undefined, chance: number): void {
    const bounded = Math.min(Math.max(freshForMs ?? USUAL_MS, SHORTEST_MS), LONGEST_MS, this.#staleForMs / 2);
    this.#failures = 0;
    this.#due = now + bounded * (0.9 + 0.2 * chance);
    this.#usableUntil = now + this.#staleForMs;
  }

  /** There was no answer that can be used. */
  failed(now: number, chance: number): void {
    const pause = Math.min(FIRST_RETRY_MS * 2 ** Math.min(this.#failures, 6), SLOWEST_RETRY_MS);
    this.#failures += 1;
    this.#due = now + pause * (0.5 + 0.5 * chance);
  }

  /** How long ago the keys were last fetched or confirmed; undefined without keys. */
  age(now: number): number | undefined {
    return this.#usableUntil === undefined ? undefined : now + this.#staleForMs - this.#usableUntil;
  }
}
