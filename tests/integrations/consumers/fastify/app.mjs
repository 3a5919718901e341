import fastifyJwt from '@fastify/jwt';
import Fastify from 'fastify';
import buildGetJwks from 'get-jwks';

const ISSUER = 'https://auth.example.com';
const jwks = buildGetJwks({ issuersWhitelist: [`${ISSUER}/`], jwksPath: '/.well-known/jwks.json' });

const app = Fastify();
app.register(fastifyJwt, {
  decode: { complete: true },
  secret: (request, { header: { kid, alg } }) => jwks.getPublicKey({ kid, alg, domain: ISSUER }),
  verify: {
    algorithms: ['ES256'],
    allowedIss: ISSUER,
    allowedAud: 'https://api.example.com',
    checkTyp: 'at+jwt',
    requiredClaims: ['exp', 'iss', 'aud', 'sub', 'sid'],
  },
});

async function authenticate(request, reply) {
  try {
    await request.jwtVerify();
  } catch {
    // Whatever is wrong, also a key that does not exist, is the token's fault: 401, not 500.
    return reply.code(401).header('WWW-Authenticate', 'Bearer error="invalid_token"').send({ error: 'invalid_token' });
  }
}

app.get('/', { onRequest: authenticate }, (request) => ({ user: request.user.username }));
app.listen({ port: 8080, host: '127.0.0.1' });
