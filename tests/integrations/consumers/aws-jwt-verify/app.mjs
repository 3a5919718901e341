import { createServer } from 'node:http';
import { JwtVerifier } from 'aws-jwt-verify';

const ISSUER = 'https://auth.example.com';
const verifier = JwtVerifier.create({
  issuer: ISSUER,
  audience: 'https://api.example.com',
  jwksUri: `${ISSUER}/.well-known/jwks.json`,
  customJwtCheck({ header, payload }) {
    // The library takes any published algorithm, and a token without `exp` for one that never expires.
    if (header.alg !== 'ES256' || header.typ !== 'at+jwt') throw new Error('not an access token');
    if (typeof payload.exp !== 'number') throw new Error('it never expires');
  },
});

createServer(async (request, response) => {
  const [, token] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
  response.setHeader('Content-Type', 'application/json');
  try {
    const { username } = await verifier.verify(token);
    response.end(JSON.stringify({ user: username }));
  } catch {
    response.writeHead(401, { 'WWW-Authenticate': 'Bearer error="invalid_token"' });
    response.end(JSON.stringify({ error: 'invalid_token' }));
  }
}).listen(8080, '127.0.0.1');
