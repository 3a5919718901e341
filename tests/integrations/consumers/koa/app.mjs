import { createRemoteJWKSet, jwtVerify } from 'jose';
import Koa from 'koa';

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
  const [, token] = /^Bearer +(\S+)$/i.exec(context.get('Authorization')) ?? [];
  try {
    context.state.claims = (await jwtVerify(token, keys, rules)).payload;
  } catch {
    context.status = 401;
    context.set('WWW-Authenticate', 'Bearer error="invalid_token"');
    context.body = { error: 'invalid_token' };
    return;
  }
  await next();
}

const app = new Koa();
app.use(authenticate);
app.use((context) => {
  context.body = { user: context.state.claims.username };
});
app.listen(8080, '127.0.0.1');
