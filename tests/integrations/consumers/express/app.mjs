import express from 'express';
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

async function authenticate(request, response, next) {
  const [, token] = /^Bearer +(\S+)$/i.exec(request.get('Authorization') ?? '') ?? [];
  try {
    request.claims = (await jwtVerify(token, keys, rules)).payload;
  } catch {
    response.status(401).set('WWW-Authenticate', 'Bearer error="invalid_token"').json({ error: 'invalid_token' });
    return;
  }
  next();
}

const app = express();
app.get('/', authenticate, (request, response) => {
  response.json({ user: request.claims.username });
});
app.listen(8080, '127.0.0.1');
