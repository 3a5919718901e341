// What every application of the test is told, and what its pages say.
export const { ISSUER, PORT, CLIENT_ID, CLIENT_SECRET } = process.env;
export const BASE = `http://127.0.0.1:${PORT}`;

/** The one page: who is signed in, by the claims that the library has got, and what can be done. */
export function page(claims) {
  const who = claims ? `signed in as ${claims.preferred_username} (${claims.sub})` : 'nobody';
  return `<!doctype html><title>App</title><p id=who>${who}</p><a id=in href=/login>In</a> <a id=again href=/refresh>Again</a> <a id=out href=/logout>Out</a>`;
}
