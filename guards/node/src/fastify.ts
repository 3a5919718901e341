// For Fastify: an `onRequest` hook, which runs before the body is read.

import type { IncomingMessage } from 'node:http';
import { authorizationOf } from './bearer.ts';
import { claimsOf as claimsOfMessage, setClaims } from './checked.ts';
import type { AccessClaims } from './claims.ts';
import type { Guard } from './guard.ts';
import type { Demands } from './policy.ts';
import { Refusal } from './refusal.ts';

interface Request {
  readonly raw: object;
}

interface Reply {
  code(status: number): Reply;
  headers(headers: Record<string, string>): Reply;
  send(body: unknown): Reply;
}

/** A hook that lets through only requests with a valid access token that has what is demanded. */
export function protect(guard: Guard, demands: Demands = {}): (request: Request, reply: Reply) => Promise<unknown> {
  return async (request, reply) => {
    const raw = request.raw as IncomingMessage;
    try {
      setClaims(raw, await guard.authenticate(authorizationOf(raw), demands));
      return undefined;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return reply.code(error.status).headers({ ...error.headers }).send(error.body);
    }
  };
}

/** The claims of this request. Throws a `Refusal` if no guard has checked it: a forgotten hook fails closed. */
export function claimsOf(request: Request): AccessClaims {
  return claimsOfMessage(request.raw);
}
