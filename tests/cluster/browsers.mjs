// Honest people with two browsers each: they sign in, ask for their profile on all nodes, refresh, sign out, change their password. One
// thing at a time in each browser; what had no response is asked again. And what nobody should be let in with any more is
// tried again and again.
import { setTimeout as sleep } from 'node:timers/promises';
import { USERS_PASSWORD } from './cluster.mjs';
import { call } from './http.mjs';

export const EDGE = 'https://auth.example.com';
const NODES = ['node1', 'node2', 'node3'];
const THINK_MS = 2000;
/** The rest asks for the profile. */
const CHANCES = { refresh: 0.3, logout: 0.01, password: 0.004, theft: 0.02, lost: 0.1 };
/** A change without a response may still happen while its transaction waits for a standby. */
const UNSETTLED_MS = 90_000;
const GHOSTS_MS = 40;
/** Whoever is not let in by then has been refused often enough for the checker. */
const LAST_TRIES = 60;
/** After that the access token may have expired, which would prove nothing. */
const GHOST_LIFE_MS = 13 * 60_000;

/** The session and the generation that a refresh token names. Nobody else may look into one. */
export function named(token) {
  const bytes = Buffer.from(token.slice('csr_'.length), 'base64url');
  const hex = bytes.toString('hex', 2, 18);
  const session = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
  return { session, generation: bytes.readUInt32BE(18) };
}

export class Crowd {
  #stopped = false;
  #ghosts = [];
  #running = [];

  constructor(history, names, random) {
    Object.assign(this, { history, random, people: names.map((name) => new Person(name)) });
  }

  start() {
    for (const person of this.people) {
      for (const browser of person.browsers) this.#running.push(this.#live(person, browser));
    }
    this.#running.push(this.#haunt());
  }

  /** Everybody finishes what they are doing, and then shows that they are still signed in and have their password. */
  async stop() {
    this.#stopped = true;
    await Promise.all(this.#running);
    for (const person of this.people) {
      for (const browser of person.browsers) {
        for (let tries = LAST_TRIES; tries > 0 && browser.refresh && !(await this.#refresh(person, browser)); tries -= 1) await sleep(500);
      }
      const browser = new Browser();
      for (let tries = LAST_TRIES; tries > 0 && !browser.refresh; tries -= 1) {
        await this.#login(person, browser);
        await sleep(500);
      }
    }
  }

  async #ask(kind, person, where, method, path, options, sent = {}) {
    const at = Date.now();
    const { status, body, node } = await call(where === 'edge' ? EDGE : `http://${where}:3000`, method, path, options);
    const given = body?.refreshToken && named(body.refreshToken);
    const record = { kind, person: person.name, at, end: Date.now(), node: node ?? where, ...sent, status, given };
    this.history.note('operation', record);
    return { status, body };
  }

  async #live(person, browser) {
    await sleep(this.random() * 5000);
    while (!this.#stopped) {
      await this.#step(person, browser);
      await sleep(this.random() * THINK_MS);
    }
  }

  async #step(person, browser) {
    if (!browser.refresh) return this.#login(person, browser);
    if (browser.isUnanswered) return this.#refresh(person, browser);
    const { refresh, logout, password, theft } = CHANCES;
    const chance = this.random();
    if (browser.older.length > 1 && this.random() < theft) return this.#theft(person, browser);
    if (chance < refresh) return this.#refresh(person, browser);
    if (chance < refresh + logout) return this.#logout(person, browser);
    if (chance < refresh + logout + password) return this.#changePassword(person, browser);
    return this.#profile(person, browser);
  }

  async #login(person, browser) {
    // A change without a response may have happened or not.
    const password = person.passwords[person.turn++ % person.passwords.length];
    const body = { username: person.name, password, refreshTokenDelivery: 'body' };
    const { status, body: got } = await this.#ask('login', person, 'edge', 'POST', '/api/login', { body }, { password });
    // One that was changed may be forgotten: then its owner tries those of before.
    if (status === 401) person.passwords = [...new Set([...person.passwords, ...person.used])];
    if (status !== 200) return;
    browser.signIn(got);
    if (Date.now() - person.changedAt > UNSETTLED_MS) person.passwords = [password];
  }

  async #refresh(person, browser) {
    const sent = named(browser.refresh);
    const { status, body } = await this.#ask('refresh', person, 'edge', 'POST', '/api/refresh', { body: { refreshToken: browser.refresh } }, sent);
    browser.isUnanswered = !(status === 401 || (status === 200 && (this.#stopped || this.random() > CHANCES.lost)));
    if (browser.isUnanswered) return false;
    if (status === 200) browser.signIn({ refreshToken: browser.refresh, ...body });
    if (status === 401) browser.signOut();
    return true;
  }

  async #profile(person, browser) {
    const node = this.#anyNode();
    const { session } = named(browser.refresh);
    const { status } = await this.#ask('profile', person, node, 'GET', '/api/profile', { token: browser.access }, { session });
    // An access token ends with its session, or expires: the refresh says which.
    if (status === 401) await this.#refresh(person, browser);
  }

  async #logout(person, browser) {
    const { session } = named(browser.refresh);
    const { status } = await this.#ask('logout', person, 'edge', 'POST', '/api/logout', { token: browser.access }, { session });
    if (status === 204) this.#bury(person, browser);
  }

  /** Somebody has copied a token that was replaced twice since. Using it ends the session. */
  async #theft(person, browser) {
    const stolen = browser.older.at(-2);
    await this.#ask('theft', person, 'edge', 'POST', '/api/refresh', { body: { refreshToken: stolen } }, named(stolen));
  }

  async #changePassword(person, browser) {
    if (person.isChanging || person.passwords.length > 1) return;
    person.isChanging = true;
    person.changedAt = Date.now();
    const [current] = person.passwords;
    const password = `${USERS_PASSWORD} ${++person.count}`;
    const { session } = named(browser.refresh);
    const body = { currentPassword: current, newPassword: password };
    const { status } = await this.#ask('password', person, 'edge', 'PUT', '/api/password', { token: browser.access, body }, { session, password });
    if (status === 204) {
      person.passwords = [password];
      person.used.unshift(current);
      for (const other of person.browsers) if (other !== browser && other.refresh) this.#bury(person, other, false);
    } else if (status === undefined || status >= 500) {
      person.passwords = [password, current];
    }
    person.isChanging = false;
  }

  /** What this browser had is nobody's from now on. One that was not told still believes in it. */
  #bury(person, browser, isTold = true) {
    this.#ghosts.push({ person, refresh: browser.refresh, access: browser.access, since: Date.now() });
    if (isTold) browser.signOut();
  }

  async #haunt() {
    while (!this.#stopped) {
      await sleep(GHOSTS_MS);
      this.#ghosts = this.#ghosts.filter(({ since }) => Date.now() - since < GHOST_LIFE_MS);
      // The youngest twice as often as all: the first second is what matters most.
      const age = this.random() < 0.5 ? this.random() * Math.min(5, this.#ghosts.length) : this.random() * this.#ghosts.length;
      const ghost = this.#ghosts.at(-1 - Math.floor(age));
      if (ghost) await this.#try(ghost);
    }
  }

  async #try({ person, refresh, access }) {
    const sent = named(refresh);
    if (this.random() < 0.7) return this.#ask('ghost', person, this.#anyNode(), 'GET', '/api/profile', { token: access }, sent);
    return this.#ask('ghost', person, this.#anyNode(), 'POST', '/api/refresh', { body: { refreshToken: refresh } }, sent);
  }

  #anyNode() {
    return NODES[Math.floor(this.random() * NODES.length)];
  }
}

class Person {
  browsers = [new Browser(), new Browser()];
  passwords = [USERS_PASSWORD];
  /** Those of before, the last first. */
  used = [];
  turn = 0;
  count = 0;
  changedAt = 0;
  isChanging = false;

  constructor(name) {
    this.name = name;
  }
}

class Browser {
  refresh;
  access;
  /** Tokens before the present one and its parent: only a thief uses them. */
  older = [];
  /** A refresh had no response, so it is the next thing to do. */
  isUnanswered = false;

  signIn({ refreshToken, accessToken }) {
    if (this.refresh && this.refresh !== refreshToken) this.older.push(this.refresh);
    this.refresh = refreshToken;
    this.access = accessToken;
  }

  signOut() {
    this.refresh = this.access = undefined;
    this.older = [];
    this.isUnanswered = false;
  }
}
