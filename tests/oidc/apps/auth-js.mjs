import { ExpressAuth, getSession } from '@auth/express';
import express from 'express';
import { BASE, CLIENT_ID, CLIENT_SECRET, ISSUER, PORT, page } from './env.mjs';

const config = {
  basePath: '/auth',
  secret: 'the secret of the application and not of the client',
  trustHost: true,
  providers: [{ id: 'countersign', name: 'Countersign', type: 'oidc', issuer: ISSUER, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, idToken: false, checks: ['pkce', 'state', 'nonce'], profile: (claims) => ({ id: claims.sub, name: `${claims.preferred_username} (${claims.sub})` }) }],
};
const app = express();
app.use('/auth', ExpressAuth(config));
app.get('/', async (request, response) => {
  const session = await getSession(request, config);
  response.send(page().replace('nobody', session?.user ? `signed in as ${session.user.name}` : 'nobody'));
});
// Auth.js begins with a form and its token, as its own page does.
app.get('/login', (_request, response) => response.redirect('/auth/signin'));
app.listen(Number(PORT), '127.0.0.1');
