// For Express, Connect, and servers of `node:http`.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { authorizationOf } from './bearer.ts';
import { setClaims } from './checked.ts';
import type { Guard } from './guard.ts';
import type { Demands } from './policy.ts';
import { Refusal } from './refusal.ts';

export { claimsOf } from './checked.ts';

/** Middleware that lets through only requests with a valid access token that has what is demanded. */
export function protect(
  guard: Guard,
  demands: Demands = {},
): (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => void {
  return (request, response, next) => {
    guard.authenticate(authorizationOf(request), demands).then(
      (claims) => {
        setClaims(request, claims);
        next();
      },
      (error: unknown) => {
        if (!(error instanceof Refusal)) return next(error);
        response.writeHead(error.status, { ...error.headers }).end(JSON.stringify(error.body));
      },
    );
  };
}
