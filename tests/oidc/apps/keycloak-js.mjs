// Keycloak's adapter in a browser, with another provider behind it.
import { readFileSync } from 'node:fs';
import express from 'express';
import { CLIENT_ID, ISSUER, PORT, page } from './env.mjs';

const library = readFileSync(new URL('../node_modules/keycloak-js/lib/keycloak.js', import.meta.url));
const script = `
  import Keycloak from '/keycloak.js';
  const who = document.getElementById('who');
  const keycloak = new Keycloak({ oidcProvider: ${JSON.stringify(ISSUER)}, clientId: ${JSON.stringify(CLIENT_ID)} });
  try {
    const isIn = await keycloak.init({ pkceMethod: 'S256', responseMode: 'query', scope: 'openid profile', checkLoginIframe: false });
    if (location.pathname === '/login') await keycloak.login({ redirectUri: location.origin + '/' });
    else if (isIn) {
      const { sub, preferred_username } = await keycloak.loadUserInfo();
      who.textContent = 'signed in as ' + preferred_username + ' (' + sub + ')';
    } else who.textContent = 'nobody';
  } catch (error) { who.textContent = 'failed: ' + (error?.stack ?? JSON.stringify(error)); }
`;
const app = express();
app.get('/keycloak.js', (_request, response) => response.type('js').send(library));
app.get('/{*any}', (_request, response) => response.send(`${page().replace('nobody', 'wait')}<script type=module>${script}</script>`));
app.listen(Number(PORT), '127.0.0.1');
