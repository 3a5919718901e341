// One request to the browser's authenticators at a time: browsers refuse a second one. The request behind the autofill waits for as long as
// the page is open, so it gives way to one that somebody asks for by a button, and comes back when that has failed.

import { CountersignError } from '../errors.ts';

type Ask<T> = (signal: AbortSignal) => Promise<T>;

export interface Controller {
  /** Asked for by a button. Ends what waits behind the autofill, and what was asked for before. */
  asked<T>(ask: Ask<T>): Promise<T>;
  /**
   * Waits behind the autofill. `undefined` if it has given way and what it gave way to is over: then it is time to begin anew, or to
   * stop because somebody is signed in.
   */
  waiting<T>(ask: Ask<T>, stop: AbortSignal | undefined): Promise<T | undefined>;
  /** Has what waits behind the autofill give way to nothing. */
  renew(): void;
}

interface Request {
  readonly abort: AbortController;
  readonly isWaiting: boolean;
  over: Promise<unknown>;
}

export function createController(): Controller {
  /** What the browser is busy with. */
  let current: Request | undefined;
  async function alone<T>(request: Request, ask: Ask<T>): Promise<T> {
    const before = current;
    current = request;
    const { signal } = request.abort;
    const work = (async () => {
      before?.abort.abort(superseded());
      // A browser has let go of it only when its promise is settled.
      await before?.over.catch(() => {});
      signal.throwIfAborted();
      return ask(signal);
    })();
    request.over = work;
    try {
      return await work;
    } catch (error) {
      // Whatever a browser says of it, this is why.
      throw signal.aborted ? signal.reason : error;
    } finally {
      if (current === request) current = undefined;
    }
  }

  const request = (isWaiting: boolean): Request => ({ abort: new AbortController(), isWaiting, over: Promise.resolve() });

  /** Until what was asked for by a button is over. */
  const unasked = async (): Promise<void> => {
    if (current?.isWaiting === false) await current.over.catch(() => {});
  };

  return {
    asked: (ask) => alone(request(false), ask),
    async waiting(ask, stop) {
      if (current?.isWaiting === false) {
        await unasked();
        return undefined;
      }
      const mine = request(true);
      const stopped = (): void => mine.abort.abort(stop?.reason);
      stop?.addEventListener('abort', stopped);
      try {
        return await alone(mine, ask);
      } catch (error) {
        if (!isSuperseded(error)) throw error;
        await unasked();
        return undefined;
      } finally {
        stop?.removeEventListener('abort', stopped);
      }
    },
    renew() {
      if (current?.isWaiting) current.abort.abort(superseded());
    },
  };
}

const superseded = (): CountersignError => new CountersignError('passkey_superseded', 'another request to the authenticators has taken its place');
const isSuperseded = (error: unknown): boolean => error instanceof CountersignError && error.code === 'passkey_superseded';
