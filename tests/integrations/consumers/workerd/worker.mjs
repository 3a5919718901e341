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

export default {
  async fetch(request) {
    const [, token] = /^Bearer +(\S+)$/i.exec(request.headers.get('Authorization') ?? '') ?? [];
    try {
      const { payload } = await jwtVerify(token, keys, rules);
      return Response.json({ user: payload.username });
    } catch {
      const challenge = { 'WWW-Authenticate': 'Bearer error="invalid_token"' };
      return Response.json({ error: 'invalid_token' }, { status: 401, headers: challenge });
    }
  },
};
