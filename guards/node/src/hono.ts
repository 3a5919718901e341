// For Hono on Node.

import type { MiddlewareHandler } from 'hono';
import type { AccessClaims } from './claims.ts';
import type { Guard } from './guard.ts';
import type { Demands } from './policy.ts';
import { Refusal } from './refusal.ts';

/**
 * Middleware that lets through only requests with a valid access token that has what is demanded. Handlers find the
 * claims at `c.var.claims`.
 */
export function protect(guard: Guard, demands: Demands = {}): MiddlewareHandler<{ Variables: { claims: AccessClaims } }> {
  return async (c, next) => {
    try {
      // Two headers come as one, with a comma between them, which no token has.
      c.set('claims', await guard.authenticate(c.req.raw.headers.get('authorization'), demands));
    } catch (error) {
      if (error instanceof Refusal) return error.toResponse();
      throw error;
    }
    return next();
  };
}
