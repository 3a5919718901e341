// A world without network and without waiting: time moves when the test says so.

import type { Environment } from '../src/environment.ts';

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

export type Respond = (request: Request) => Response | Promise<Response>;

export class World implements Environment {
  time = 0;
  readonly epoch: number;
  readonly warnings: string[] = [];
  readonly requests: Request[] = [];
  luck = 0.5;
  respond: Respond = () => new Response('', { status: 500 });
  #timers: Timer[] = [];

  constructor(epoch = 1_700_000_000_000) {
    this.epoch = epoch;
  }

  readonly fetch: typeof fetch = async (input, init) => {
    const request = new Request(input as URL, init);
    this.requests.push(request);
    const response = await Promise.race([this.respond(request), abortOf(request.signal)]);
    // Like a real one, it is cut off when the request is given up.
    const body = response.body?.pipeThrough(new TransformStream(), { signal: request.signal });
    return new Response(body ?? null, response);
  };

  now = (): number => this.epoch + this.time;
  elapsed = (): number => this.time;
  chance = (): number => this.luck;

  after = (ms: number, callback: () => void): (() => void) => {
    const timer = { at: this.time + ms, callback };
    this.#timers.push(timer);
    return () => void (this.#timers = this.#timers.filter((other) => other !== timer));
  };

  warn = (message: string): void => void this.warnings.push(message);

  /** When the next timer fires, as time from now. */
  get next(): number | undefined {
    return this.#timers.length === 0 ? undefined : Math.min(...this.#timers.map(({ at }) => at)) - this.time;
  }

  /** Lets that much time pass, with everything that happens in it. */
  async pass(ms: number): Promise<void> {
    const until = this.time + ms;
    await settle();
    for (;;) {
      const due = this.#timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.#timers = this.#timers.filter((timer) => timer !== due);
      this.time = Math.max(this.time, due.at);
      due.callback();
      await settle();
    }
    this.time = Math.max(this.time, until);
    await settle();
  }
}

function abortOf(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
}

/** Everything that can go on without time passing has gone on. Importing a key takes turns of the event loop. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) await new Promise((resolve) => setImmediate(resolve));
}

export function json(value: unknown, headers: Record<string, string> = {}, status = 200): Response {
  return new Response(JSON.stringify(value), { status, headers: { 'content-type': 'application/json', ...headers } });
}
