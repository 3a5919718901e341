// Header → cache → signature and claims → revocation → demands, in this order. No database, and no network but for the
// question about a session while the feed is late, where that is wanted.

import { compactVerify, errors } from 'jose';
import type { AskOptions } from './ask/endpoint.ts';
import { Asker } from './ask/asker.ts';
import { bearerToken, type Authorization } from './bearer.ts';
import { TokenCache } from './cache.ts';
import type { AccessClaims } from './claims.ts';
import { decodeBase64url, parseCompact, type UnverifiedJws } from './compact.ts';
import type { EndedSessions } from './feed/ended.ts';
import type { Freshness } from './feed/state.ts';
import { parseObject } from './json.ts';
import { selectKey, type Key } from './jwk-set.ts';
import type { KeySlot } from './keys/keeper.ts';
import { demand, isExpired, validate, type Demands, type Policy } from './policy.ts';
import { Refusal } from './refusal.ts';

/**
 * What to do while the guard may miss sessions that have ended. `'accept'`: as without a feed, so a token works until
 * it expires. `'reject'`: 503 with `Retry-After`. A number of seconds is a short leash: only tokens that were issued
 * within them pass; the others get 401, and their clients a new one if the session lives. `ask`: the issuer is asked about
 * each session (RFC 7662), for at most three seconds; without an answer it is 503. Tokens without a session (`sid`) always
 * pass, since no feed could name it.
 */
export type WhenLate = 'accept' | 'reject' | { readonly shortLeashSeconds: number } | { readonly ask: AskOptions };

/** What the verifier reads, all of it kept up to date by others. */
export interface Knowledge {
  readonly slot: () => KeySlot;
  readonly ended: EndedSessions;
  readonly freshness: () => Freshness;
  /** The asker: ask. */
  readonly whenLate: Exclude<WhenLate, { readonly ask: AskOptions }> | Asker;
  /** In Unix seconds. */
  readonly now: () => number;
  /** A token names a key that is not known. */
  readonly askForKey: (keyId: string) => void;
}

/** A session that may have ended. */
interface Doubt {
  readonly asker: Asker;
  readonly sid: string;
}

export class Verifier {
  readonly #policy: Policy;
  readonly #known: Knowledge;
  readonly #cache = new TokenCache();

  constructor(policy: Policy, known: Knowledge) {
    this.#policy = policy;
    this.#known = known;
  }

  async authenticate(authorization: Authorization, demands: Demands): Promise<AccessClaims> {
    return this.verify(bearerToken(authorization), demands);
  }

  async verify(token: string, demands: Demands): Promise<AccessClaims> {
    let claims = await this.#claims(token);
    const doubt = this.#checkSession(claims);
    if (doubt) claims = await this.#ask(doubt, token, claims.exp);
    demand(claims, demands);
    return claims;
  }

  async #ask({ asker, sid }: Doubt, token: string, exp: number): Promise<AccessClaims> {
    const outcome = await asker.ask(token, sid, exp);
    if (outcome === 'expired') throw new Refusal('expired');
    // The session is among the ended ones, if it is inactive. Meanwhile the token may have expired, or the feed be back.
    const claims = await this.#claims(token);
    const isInDoubt = this.#checkSession(claims) !== undefined;
    if (isInDoubt && outcome !== 'active') throw new Refusal('revocations_unavailable');
    return claims;
  }

  async #claims(token: string): Promise<AccessClaims> {
    return this.#cached(token) ?? this.#verifyAnew(token);
  }

  #cached(token: string): AccessClaims | undefined {
    const claims = this.#cache.get(token, this.#known.slot().version);
    if (!claims || !isExpired(claims.exp, this.#policy, this.#known.now())) return claims;
    this.#cache.delete(token);
    return undefined;
  }

  async #verifyAnew(token: string): Promise<AccessClaims> {
    const { keys, version } = this.#known.slot();
    if (!keys) throw new Refusal('keys_unavailable');
    const unverified = parseCompact(token);
    const key = this.#select(keys, unverified);
    const payload = await verifySignature(unverified, key);
    const object = parseObject(payload);
    if (!object) throw new Refusal('payload_json');
    const claims = Object.freeze(validate(object, unverified.type, this.#policy, this.#known.now()));
    this.#cache.set(token, claims, version);
    return claims;
  }

  #select(keys: readonly Key[], token: UnverifiedJws): Key {
    try {
      return selectKey(keys, token);
    } catch (refusal) {
      const isUnknown = refusal instanceof Refusal && refusal.reason === 'unknown_key_id';
      if (isUnknown && token.keyId !== undefined) this.#known.askForKey(token.keyId);
      throw refusal;
    }
  }

  /**
   * Called for cached tokens too: what is known to have ended is refused, and what may have ended by the policy. Returns the
   * session if the issuer has to be asked first.
   */
  #checkSession({ sid, iat }: AccessClaims): Doubt | undefined {
    const { ended, freshness, whenLate, now } = this.#known;
    if (ended.refuses({ sid, iat }, now() - this.#policy.leewaySeconds)) throw new Refusal('revoked');
    if (sid === undefined) return undefined; // no feed could name it
    if (whenLate === 'accept' || freshness() === 'fresh') return undefined;
    if (whenLate === 'reject') throw new Refusal('revocations_unavailable');
    if (whenLate instanceof Asker) return whenLate.isActive(sid) ? undefined : { asker: whenLate, sid };
    if (iat < now() - whenLate.shortLeashSeconds) throw new Refusal('too_old');
    return undefined;
  }
}

async function verifySignature(token: UnverifiedJws, { key }: Key): Promise<Uint8Array> {
  const payload = decodeBase64url(token.encodedPayload);
  try {
    await compactVerify(token.text, key, { algorithms: [token.algorithm] });
  } catch (error) {
    // `jose` decodes the payload once the signature is good.
    const isSigned = payload === undefined && !(error instanceof errors.JWSSignatureVerificationFailed);
    throw new Refusal(isSigned ? 'payload_encoding' : 'bad_signature');
  }
  if (!payload) throw new Refusal('payload_encoding');
  return payload;
}
