// A guard for Countersign in njs: keys and ended sessions come by the feed, so no request waits for either.

const ISSUER = 'https://auth.example.com';
const AUDIENCE = 'https://api.example.com';
// Without news from the feed for this long, nothing is let through any more.
const LATE_AFTER_MS = 60000;
// `interval` of `js_periodic`: a run ends shortly before the next one begins.
const RUN_MS = 60000;
const WAIT_SECONDS = 25;

const state = ngx.shared.guard_state; // cursor, keysTag, syncedAt
const keys = ngx.shared.guard_keys; // kid: JWK
const ended = ngx.shared.guard_ended; // sid, until its last token expires

/** Follows the feed by long poll. */
async function follow() {
  const runEnds = Date.now() + RUN_MS - 2000;
  while (Date.now() < runEnds) {
    try {
      const wait = Math.min(WAIT_SECONDS, Math.floor((runEnds - Date.now()) / 1000));
      await poll(wait);
    } catch (error) {
      ngx.log(ngx.WARN, `the feed of ended sessions: ${error.message}`);
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
}

async function poll(wait) {
  const cursor = state.get('cursor');
  const query = cursor ? `?after=${encodeURIComponent(cursor)}&wait=${wait}` : '';
  const news = await fetched(`revocations${query}`);
  if (news.iss !== ISSUER) throw new Error(`it is that of ${news.iss}`);
  const now = Date.now();
  news.revoked.forEach((entry) => {
    // In seconds; a little longer than the tokens live, for clocks that differ.
    const left = entry.until * 1000 - now + 10000;
    // Throws if there is no room: then the cursor stays, and the guard becomes late.
    if (left > 0) entry.sid.forEach((sid) => ended.set(sid, '', left));
  });
  if (news.keys !== state.get('keysTag')) {
    const set = await fetched('jwks');
    set.keys.forEach((key) => keys.set(key.kid, JSON.stringify(key)));
    const published = set.keys.map((key) => key.kid);
    keys.keys().forEach((kid) => published.includes(kid) || keys.delete(kid));
    state.set('keysTag', news.keys);
  }
  state.set('cursor', news.cursor);
  // `asOf` stands still while the server cannot read its store.
  state.set('syncedAt', String(now - (news.now - news.asOf)));
}

async function fetched(path) {
  const response = await ngx.fetch(`http://127.0.0.1:8081/${path}`);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}

/** The subrequest of `auth_request`: 204 with the caller in headers, or 401. */
async function authenticate(r) {
  if (Date.now() - Number(state.get('syncedAt') || 0) > LATE_AFTER_MS) {
    r.return(503);
    return;
  }
  let claims;
  try {
    claims = await verified(r.headersIn.Authorization || '');
  } catch (error) {
    r.return(401);
    return;
  }
  r.headersOut['X-Auth-User-Id'] = claims.sub;
  r.headersOut['X-Auth-Username'] = encodeURIComponent(claims.username);
  r.headersOut['X-Auth-Role'] = encodeURIComponent(claims.role);
  r.return(204);
}

async function verified(authorization) {
  const parts = /^Bearer +([\w-]+)\.([\w-]+)\.([\w-]+)$/i.exec(authorization);
  if (!parts) throw new Error('no token');
  const header = decoded(parts[1]);
  if (header.alg !== 'ES256' || header.typ !== 'at+jwt' || header.crit) throw new Error('not an access token');
  const jwk = JSON.parse(keys.get(header.kid));
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('jwk', { kty: jwk.kty, crv: jwk.crv, x: jwk.x, y: jwk.y }, algorithm, false, ['verify']);
  const signed = Buffer.from(`${parts[1]}.${parts[2]}`);
  const isGenuine = await crypto.subtle.verify(algorithm, key, Buffer.from(parts[3], 'base64url'), signed);
  const claims = decoded(parts[2]);
  const now = Date.now() / 1000;
  const isValid = isGenuine && claims.iss === ISSUER && claims.aud === AUDIENCE
    && claims.exp > now && (claims.nbf === undefined || claims.nbf <= now)
    && typeof claims.sid === 'string' && !ended.has(claims.sid);
  if (!isValid) throw new Error('not valid here');
  return claims;
}

function decoded(part) {
  return JSON.parse(Buffer.from(part, 'base64url').toString());
}

export default { follow, authenticate };
