// Asks the issuer about sessions while the feed is late: which questions are open, and which answers still count.
//
// One question for each token, however many requests need it: that a token which is about to expire is not active says
// nothing about another one. A positive answer counts for the session, for five seconds. After a failure the issuer is left
// alone for a second: requests do not queue up for one that does not answer.

import type { Environment } from '../environment.ts';
import type { EndedSessions } from '../feed/ended.ts';
import { describe } from '../fetch.ts';

/** `'expired'`: the token alone is not good any longer. `'unknown'`: there is no answer. */
export type Outcome = 'active' | 'inactive' | 'expired' | 'unknown';

interface Question {
  readonly token: string;
  readonly sid: string;
  /** When the token expires, in Unix seconds. */
  readonly expiresAt: number;
  readonly waiting: Set<(outcome: Outcome) => void>;
}

/** How long a request waits for an answer. */
export const ANSWER_WITHIN_MS = 3_000;
const ANSWER_COUNTS_MS = 5_000;
const REST_MS = 1_000;
const MOST_AT_A_TIME = 4;
const MOST_OPEN = 1_000;
const MOST_ACTIVE = 10_000;

export class Asker {
  /** Why the last question has no answer; undefined after one that has. */
  failure: string | undefined;
  readonly #env: Environment;
  readonly #ask: (token: string) => Promise<boolean>;
  /** Where a session goes that is not active. */
  readonly #ended: EndedSessions;
  readonly #leewaySeconds: number;
  /** By their tokens. */
  readonly #open = new Map<string, Question>();
  #queue: Question[] = [];
  #atIssuer = 0;
  /** Sessions that go on, and until when that counts. */
  readonly #activeUntil = new Map<string, number>();
  #restUntil = -Infinity;

  /** `ask` says whether a token is active, or rejects. */
  constructor(env: Environment, ask: (token: string) => Promise<boolean>, ended: EndedSessions, leewaySeconds: number) {
    this.#env = env;
    this.#ask = ask;
    this.#ended = ended;
    this.#leewaySeconds = leewaySeconds;
  }

  /** Whether the session was said to go on, less than five seconds ago. */
  isActive(sid: string): boolean {
    return this.#env.elapsed() < (this.#activeUntil.get(sid) ?? -Infinity);
  }

  /** What the issuer says about the session of this token, within three seconds. Never rejects. */
  ask(token: string, sid: string, exp: number): Promise<Outcome> {
    const question = this.#open.get(token) ?? this.#add({ token, sid, expiresAt: Math.floor(exp), waiting: new Set() });
    if (!question) return Promise.resolve('unknown');
    return new Promise((resolve) => {
      const settle = (outcome: Outcome) => {
        cancel();
        question.waiting.delete(settle);
        resolve(outcome);
      };
      const cancel = this.#env.after(ANSWER_WITHIN_MS, () => settle('unknown'));
      question.waiting.add(settle);
      this.#turn();
    });
  }

  /** Undefined: it cannot be asked now, since too many are open, or the issuer is left alone. */
  #add(question: Question): Question | undefined {
    if (this.#env.elapsed() < this.#restUntil || this.#open.size >= MOST_OPEN) return undefined;
    this.#open.set(question.token, question);
    this.#queue.push(question);
    return question;
  }

  #turn(): void {
    while (this.#atIssuer < MOST_AT_A_TIME) {
      const question = this.#queue.shift();
      if (!question) return;
      if (question.waiting.size > 0) void this.#put(question);
      else this.#open.delete(question.token); // everybody has given up
    }
  }

  async #put(question: Question): Promise<void> {
    const askedAt = this.#env.elapsed();
    this.#atIssuer += 1;
    try {
      const outcome = (await this.#ask(question.token)) ? this.#active(question, askedAt) : this.#inactive(question);
      if (this.failure !== undefined) this.#env.warn('the issuer answers questions about sessions again');
      this.failure = undefined;
      this.#close(question, outcome);
    } catch (error) {
      this.#failed(describe(error));
      for (const dropped of [question, ...this.#queue.splice(0)]) this.#close(dropped, 'unknown');
    }
    this.#atIssuer -= 1;
    this.#turn();
  }

  #active({ sid }: Question, askedAt: number): Outcome {
    const active = this.#activeUntil;
    if (active.size >= MOST_ACTIVE) for (const [old, until] of active) if (until <= askedAt) active.delete(old);
    if (active.size < MOST_ACTIVE) active.set(sid, askedAt + ANSWER_COUNTS_MS);
    return 'active';
  }

  /** The issuer does not give a token its leeway, and its clock may be ahead. */
  #inactive({ sid, expiresAt }: Question): Outcome {
    const now = Math.floor(this.#env.now() / 1000);
    if (expiresAt <= now + this.#leewaySeconds) return 'expired';
    this.#ended.sweep(now - this.#leewaySeconds); // the feed, which does that otherwise, is late
    this.#ended.add(sid, expiresAt);
    return 'inactive';
  }

  #failed(message: string): void {
    if (this.failure === undefined) this.#env.warn(`the issuer does not answer questions about sessions: ${message}`);
    this.failure = message;
    this.#restUntil = this.#env.elapsed() + REST_MS;
  }

  #close(question: Question, outcome: Outcome): void {
    this.#open.delete(question.token);
    for (const settle of [...question.waiting]) settle(outcome);
  }
}
