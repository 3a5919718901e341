import { serve } from '@hono/node-server';
import { Hono } from 'hono';
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

async function authenticate(context, next) {
  const [, token] = /^Bearer +(\S+)$/i.exec(context.req.header('Authorization') ?? '') ?? [];
  try {
    const { payload } = await jwtVerify(token, keys, rules);
    context.set('claims', payload);
  } catch {
    return context.json({ error: 'invalid_token' }, 401, { 'WWW-Authenticate': 'Bearer error="invalid_token"' });
  }
  await next();
}

const app = new Hono();
app.get('/', authenticate, (context) => context.json({ user: context.get('claims').username }));
serve({ fetch: app.fetch, port: 8080, hostname: '127.0.0.1' });
