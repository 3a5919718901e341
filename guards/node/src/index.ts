// The public API in one screen. Each framework has a module of its own: `@countersign/guard/express`, `/fastify`, `/hono`,
// `/next`.

export { createGuard, type FeedOptions, type FeedStatus, type Guard, type GuardOptions, type GuardStatus } from './guard.ts';
export type { AskOptions } from './ask/endpoint.ts';
export { hasRole, hasScope, type AccessClaims } from './claims.ts';
export { Refusal, type RefusalCode } from './refusal.ts';
export type { Authorization } from './bearer.ts';
export type { Environment } from './environment.ts';
export type { Freshness } from './feed/state.ts';
export type { Algorithm } from './jwk-set.ts';
export type { Demands } from './policy.ts';
export type { WhenLate } from './verifier.ts';
export type { End } from './watch.ts';
