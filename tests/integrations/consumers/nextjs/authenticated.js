import { createRemoteJWKSet, jwtVerify } from 'jose';

const ISSUER = 'https://auth.example.com';
const keys = createRemoteJWKSet(new URL(`${ISSUER}/.well-known/jwks.json`));
const rules = {
  issuer: ISSUER,
  audience: 'https://api.example.com',
  typ: 'at+jwt',
  algorithms: ['ES256'],
  requiredClaims: ['exp', 'sub', 'sid'],
};

/** A route handler that only a valid access token reaches; it gets `{ claims }` besides Next's own context. */
export function authenticated(handler) {
  return async (request, context) => {
    const [, token] = /^Bearer +(\S+)$/i.exec(request.headers.get('Authorization') ?? '') ?? [];
    let claims;
    try {
      claims = (await jwtVerify(token, keys, rules)).payload;
    } catch {
      const challenge = { 'WWW-Authenticate': 'Bearer error="invalid_token"' };
      return Response.json({ error: 'invalid_token' }, { status: 401, headers: challenge });
    }
    return handler(request, { ...context, claims });
  };
}
