// Which claims belong to which request. Kept beside the requests and not in a property of theirs, which anything that
// fills in properties of a request could set.

import type { AccessClaims } from './claims.ts';
import { Refusal } from './refusal.ts';

const checked = new WeakMap<object, AccessClaims>();

export function setClaims(request: object, claims: AccessClaims): void {
  checked.set(request, claims);
}

/** The claims of this request. Throws a `Refusal` if no guard has checked it: a forgotten guard fails closed. */
export function claimsOf(request: object): AccessClaims {
  const claims = checked.get(request);
  if (!claims) throw new Refusal('token_required');
  return claims;
}
