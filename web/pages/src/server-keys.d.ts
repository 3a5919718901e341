// The server's response at /assets/server-keys.js: the settings that verify its own tokens.
declare const server: {
  readonly issuer: string;
  readonly audience: string;
  readonly type: string;
  readonly jwks: { readonly keys: readonly object[] };
} | null;
export default server;
