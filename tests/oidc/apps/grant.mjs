import express from 'express';
import session from 'express-session';
import Grant from 'grant';
import { BASE, CLIENT_ID, CLIENT_SECRET, ISSUER, PORT, page } from './env.mjs';

const metadata = await (await fetch(`${ISSUER}/.well-known/openid-configuration`)).json();
const app = express();
app.use(session({ secret: 'of the application', resave: false, saveUninitialized: false }));
app.use(
  Grant.express({
    defaults: { origin: BASE, transport: 'session', state: true, nonce: true, pkce: true },
    countersign: {
      authorize_url: metadata.authorization_endpoint,
      access_url: metadata.token_endpoint,
      profile_url: metadata.userinfo_endpoint,
      oauth: 2,
      key: CLIENT_ID,
      secret: CLIENT_SECRET,
      scope: ['openid', 'profile'],
      scope_delimiter: ' ',
      token_endpoint_auth_method: 'client_secret_basic',
      response: ['tokens', 'profile', 'jwt'],
      callback: '/',
    },
  }),
);
app.get('/login', (_request, response) => response.redirect('/connect/countersign'));
app.get('/', (request, response) => response.send(page(request.session.grant?.response?.profile)));
app.listen(Number(PORT), '127.0.0.1');
