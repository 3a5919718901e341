// The whole public API.

export { createClient } from './client.ts';
export { CountersignError } from './errors.ts';
export type { ErrorCode, SessionOverCode } from './errors.ts';
export type {
  AuthState,
  Channel,
  Client,
  ClientOptions,
  Clock,
  Environment,
  Page,
  SignOutReason,
  User,
} from './types.ts';
