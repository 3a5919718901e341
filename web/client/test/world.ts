// A small world in virtual time: clocks that only move when told, a server with the rotation rules
// of Countersign, one browser with its cookie jar, locks and channels, and any number of tabs.

import { createClient } from '../src/index.ts';
import type { Channel, Client, Environment, User } from '../src/index.ts';

export const ORIGIN = 'https://app.example';

/** What the engine computes beside the program, such as signatures: the world's time stands still meanwhile. */
export const computing = new Set<Promise<unknown>>();

/** Lets every promise settle that can. The world's timers stand still. */
export async function settle(): Promise<void> {
  do {
    await Promise.allSettled(computing);
    for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
  } while (computing.size > 0);
}

export class World {
  nowMs = 0;
  #timers: { at: number; task: () => void }[] = [];

  after(ms: number, task: () => void): () => void {
    const timer = { at: this.nowMs + ms, task };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve));
  }

  /** Moves time forward, timer by timer. */
  async pass(ms: number): Promise<void> {
    const until = this.nowMs + ms;
    for (;;) {
      await settle();
      const next = this.#timers.filter((timer) => timer.at <= until).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.nowMs = next.at;
      next.task();
    }
    this.nowMs = until;
  }
}

export const ALICE: User = { userId: 'u-alice', username: 'alice', role: 'user' };
export const BOB: User = { userId: 'u-bob', username: 'bob', role: 'admin' };
const PASSWORDS = new Map([
  ['alice', { password: 'correct horse battery', user: ALICE }],
  ['bob', { password: 'staple of the stables', user: BOB }],
]);

interface ServerSession {
  user: User;
  generation: number;
  rotatedAt: number;
  over?: 'session_expired' | 'session_revoked' | 'refresh_token_reused';
}

/** The rules of Countersign's server about sessions, as far as a client can see them. */
export class Server {
  ttlSeconds = 900;
  freshMs = 15_000;
  graceMs = 10_000;
  /** The key that access tokens are bound to (`cnf`), if they are. */
  bindsTo?: { jkt: string };
  /** Further routes: for anybody, and for whoever is signed in. */
  anybody?: (route: string, body: Record<string, unknown>) => Answer | undefined;
  own?: (route: string, body: Record<string, unknown>, user: User) => Answer | undefined;
  readonly log: string[] = [];
  readonly sessions = new Map<string, ServerSession>();
  readonly #world: World;
  #count = 0;

  constructor(world: World) {
    this.#world = world;
  }

  count(path: string): number {
    return this.log.filter((entry) => entry === path).length;
  }

  /** Applies the rules; `cookie` is `session.generation`. Returns status, body and any cookie to set. */
  answer(path: string, body: Record<string, unknown>, cookie: string | undefined, bearer: string | null, method = 'POST'): Answer {
    this.log.push(path);
    if (path === '/api/login') return this.#login(body);
    if (path === '/api/refresh') return this.#refresh(cookie);
    const known = this.anybody?.(`${method} ${path}`, body);
    if (known) return known;
    if (path === '/api/logout') return this.#logout(cookie, bearer, body['everywhere'] === true);
    const claims = bearer === null ? undefined : this.#claimsOf(bearer);
    if (claims) {
      const own = this.own?.(`${method} ${path}`, body, claims.user);
      if (own) return own;
    }
    if (!claims) return { ...refuse('invalid_token'), headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' } };
    return { status: 200, body: { user: claims.user } };
  }

  #login(body: Record<string, unknown>): Answer {
    const account = PASSWORDS.get(String(body['username']));
    if (!account || account.password !== body['password']) return refuse('invalid_credentials');
    return this.begin(account.user);
  }

  #refresh(cookie: string | undefined): Answer {
    // It was asked with `?if-any`.
    if (cookie === undefined) return { ...refuse('no_refresh_token'), status: 200 };
    const [id = '', presented = ''] = cookie.split('.');
    const session = this.sessions.get(id);
    if (!session) return refuse('invalid_refresh_token');
    if (session.over) return refuse(session.over, '');
    const generation = Number(presented);
    const age = this.#world.nowMs - session.rotatedAt;
    if (generation === session.generation) {
      if (age < this.freshMs) return this.#grant(id, session.user);
      session.generation++;
      session.rotatedAt = this.#world.nowMs;
      return this.#grant(id, session.user, `${id}.${session.generation}`);
    }
    if (generation === session.generation - 1 && age < this.graceMs) {
      return this.#grant(id, session.user, `${id}.${session.generation}`);
    }
    session.over = 'session_revoked';
    return refuse('refresh_token_reused', '');
  }

  #logout(cookie: string | undefined, bearer: string | null, everywhere: boolean): Answer {
    const id = cookie?.split('.')[0] ?? (bearer === null ? undefined : this.#claimsOf(bearer)?.sid);
    const own = id === undefined ? undefined : this.sessions.get(id);
    for (const session of this.sessions.values()) {
      if (session === own || (everywhere && session.user === own?.user)) session.over = 'session_revoked';
    }
    return { status: 204, setCookie: '' };
  }

  /** Begins a session, as a sign-in does. */
  begin(user: User): Answer {
    const id = `s${++this.#count}`;
    this.sessions.set(id, { user, generation: 0, rotatedAt: this.#world.nowMs });
    return this.#grant(id, user, `${id}.0`);
  }

  #grant(sid: string, user: User, setCookie?: string): Answer {
    const expiresAt = this.#world.nowMs + this.ttlSeconds * 1000;
    const payload = btoa(JSON.stringify({ sid, user, expiresAt, jti: ++this.#count, cnf: this.bindsTo }));
    const body = { accessToken: `h.${payload}.s`, token: `h.${payload}.s`, tokenType: 'Bearer', expiresIn: this.ttlSeconds, user };
    return { status: 200, body, ...(setCookie !== undefined && { setCookie }) };
  }

  #claimsOf(token: string): { sid: string; user: User } | undefined {
    const claims = JSON.parse(atob(token.split('.')[1] ?? '')) as { sid: string; user: User; expiresAt: number };
    const isLive = claims.expiresAt > this.#world.nowMs && !this.sessions.get(claims.sid)?.over;
    return isLive ? claims : undefined;
  }
}

export interface Answer {
  status: number;
  body?: object;
  setCookie?: string;
  headers?: Record<string, string>;
}

export function refuse(code: string, setCookie?: string): Answer {
  return { status: 401, body: { error: code, code }, ...(setCookie !== undefined && { setCookie }) };
}

/** What the network does to one request. */
export interface Weather {
  thereMs?: number;
  backMs?: number;
  lose?: 'request' | 'reply';
  /** A response in place of the server's. */
  instead?: Answer;
}

/** One browser: tabs of one origin share its cookie, locks, storage and channels. */
export class Browser {
  cookie: string | undefined;
  online = true;
  weather: (path: string) => Weather = () => ({});
  readonly storage = new Map<string, string>();
  readonly #channels = new Set<{ name: string; channel: Channel; frozen: () => boolean }>();
  #lockTail: Promise<unknown> = Promise.resolve();
  readonly world: World;
  readonly server: Server;

  constructor(world: World, server: Server) {
    this.world = world;
    this.server = server;
  }

  tab(environment: Partial<Environment> = {}): Tab {
    return new Tab(this, environment);
  }

  locks: Pick<LockManager, 'request'> = {
    request: ((_name: string, work: () => Promise<unknown>) => {
      const turn = this.#lockTail.then(work);
      this.#lockTail = turn.catch(() => {});
      return turn;
    }) as LockManager['request'],
  };

  openChannel(name: string, frozen: () => boolean): Channel {
    const entry = {
      name,
      frozen,
      channel: {
        onmessage: null as Channel['onmessage'],
        close: () => void this.#channels.delete(entry),
        postMessage: (message: unknown) => {
          for (const other of this.#channels) {
            if (other === entry || other.name !== name || other.frozen()) continue;
            const data: unknown = structuredClone(message);
            this.world.after(1, () => other.channel.onmessage?.({ data } as MessageEvent));
          }
        },
      },
    };
    this.#channels.add(entry);
    return entry.channel;
  }

  async send(request: Request): Promise<Response> {
    const path = new URL(request.url).pathname;
    const { thereMs = 20, backMs = 20, lose, instead } = this.weather(path);
    const gone = new Promise<never>((_, reject) => {
      request.signal.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')));
    });
    request.signal.throwIfAborted();
    if (!this.online) throw new TypeError('fetch failed');
    const text = await request.text();
    const cookie = this.cookie;
    const exchange = (async () => {
      await this.world.sleep(thereMs);
      if (lose === 'request') return new Promise<never>(() => {});
      const isJson = request.headers.get('Content-Type') === 'application/json';
      const body = isJson ? (JSON.parse(text) as Record<string, unknown>) : {};
      const bearer = /^(?:Bearer|DPoP) (.*)$/.exec(request.headers.get('Authorization') ?? '')?.[1] ?? null;
      const answer = instead ?? this.server.answer(path, body, cookie, bearer, request.method);
      await this.world.sleep(backMs);
      if (lose === 'reply') return new Promise<never>(() => {});
      return answer;
    })();
    const answer = await Promise.race([exchange, gone]);
    if (answer.setCookie !== undefined) this.cookie = answer.setCookie === '' ? undefined : answer.setCookie;
    return new Response(answer.body ? JSON.stringify(answer.body) : null, { status: answer.status, headers: answer.headers ?? {} });
  }
}

export class Tab {
  visible = true;
  frozen = false;
  /** Error of this device's clock, in milliseconds. */
  wallOffsetMs = 0;
  inFlight = 0;
  mostInFlight = 0;
  readonly client: Client;
  readonly environment: Partial<Environment>;
  readonly sent: Request[] = [];
  readonly #wakers = new Set<(online: boolean) => void>();

  constructor(browser: Browser, environment: Partial<Environment>) {
    const { world } = browser;
    this.environment = {
      fetch: async (input, init) => {
        const request = new Request(input instanceof Request ? input : new URL(input, ORIGIN), init);
        this.sent.push(request);
        const isRefresh = request.url.includes('/api/refresh');
        if (isRefresh) this.mostInFlight = Math.max(this.mostInFlight, ++this.inFlight);
        try {
          return await browser.send(request.clone());
        } finally {
          if (isRefresh) this.inFlight--;
        }
      },
      clock: {
        wall: () => world.nowMs + this.wallOffsetMs,
        monotonic: () => world.nowMs,
        after: (ms, task) => world.after(ms, task),
      },
      random: () => 0.5,
      openChannel: (name) => browser.openChannel(name, () => this.frozen),
      locks: browser.locks,
      storage: {
        getItem: (key) => browser.storage.get(key) ?? null,
        setItem: (key, value) => void browser.storage.set(key, value),
        removeItem: (key) => void browser.storage.delete(key),
      },
      page: {
        origin: ORIGIN,
        isVisible: () => this.visible,
        onWake: (wake) => {
          this.#wakers.add(wake);
          return () => void this.#wakers.delete(wake);
        },
      },
      ...environment,
    };
    this.client = createClient({ apiOrigins: ['https://api.example'], environment: this.environment });
  }

  wake(online = false): void {
    for (const waker of this.#wakers) waker(online);
  }
}

/** A browser with one tab, in which Alice has just signed in. */
export async function signedIn(configure: (server: Server) => void = () => {}): Promise<{ world: World; server: Server; browser: Browser; tab: Tab }> {
  const world = new World();
  const server = new Server(world);
  configure(server);
  const browser = new Browser(world, server);
  const tab = browser.tab();
  await world.pass(100);
  void tab.client.login('alice', 'correct horse battery');
  await world.pass(100);
  server.log.length = 0;
  return { world, server, browser, tab };
}

/** Runs `work` while time passes. */
export async function during<T>(world: World, ms: number, work: Promise<T>): Promise<T> {
  work.catch(() => {});
  await world.pass(ms);
  return work;
}
