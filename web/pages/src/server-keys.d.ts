// What the server answers at /assets/server-keys.js: how its own tokens are verified.
declare const server: {
  readonly issuer: string;
  readonly audience: string;
  readonly type: string;
  readonly jwks: { readonly keys: readonly object[] };
} | null;
export default server;
