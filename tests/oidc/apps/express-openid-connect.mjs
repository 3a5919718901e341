import express from 'express';
import openid from 'express-openid-connect';
import { BASE, CLIENT_ID, CLIENT_SECRET, ISSUER, PORT, page } from './env.mjs';

const app = express();
app.use(
  openid.auth({
    issuerBaseURL: ISSUER,
    baseURL: BASE,
    clientID: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
    secret: 'the secret of the application and not of the client',
    authRequired: false,
    idpLogout: process.env.LOGOUT === 'yes',
    authorizationParams: { response_type: 'code', response_mode: 'query', scope: 'openid profile' },
  }),
);
app.get('/', async (request, response) => response.send(page(request.oidc.isAuthenticated() && (await request.oidc.fetchUserInfo()))));
app.get('/refresh', async (request, response) => {
  await request.oidc.accessToken.refresh();
  response.redirect('/');
});
app.listen(Number(PORT), '127.0.0.1');
