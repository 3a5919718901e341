// For Next.js on Node: route handlers, and the proxy (until Next.js 15: middleware).
//
// Protect each route handler. The proxy alone is not enough: requests have got around it before (CVE-2025-29927).

import type { AccessClaims } from './claims.ts';
import type { Guard } from './guard.ts';
import type { Demands } from './policy.ts';
import { Refusal } from './refusal.ts';

/** A route handler that gets only requests with a valid access token that has what is demanded, and its claims. */
export function protect<R extends Request, C>(
  guard: Guard,
  handler: (request: R, claims: AccessClaims, context: C) => Response | Promise<Response>,
  demands: Demands = {},
): (request: R, context: C) => Promise<Response> {
  return async (request, context) => {
    const claims = await check(guard, request, demands);
    return claims instanceof Response ? claims : handler(request, claims, context);
  };
}

/** A proxy that answers requests without a valid access token, and passes on the others. */
export function protectProxy(guard: Guard, demands: Demands = {}): (request: Request) => Promise<Response | undefined> {
  return async (request) => {
    const claims = await check(guard, request, demands);
    return claims instanceof Response ? claims : undefined;
  };
}

async function check(guard: Guard, request: Request, demands: Demands): Promise<AccessClaims | Response> {
  try {
    // Two headers come as one, with a comma between them, which no token has.
    return await guard.authenticate(request.headers.get('authorization'), demands);
  } catch (error) {
    if (error instanceof Refusal) return error.toResponse();
    throw error;
  }
}
