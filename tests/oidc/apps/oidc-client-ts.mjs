// A page without a server: the library runs in the browser, and the token endpoint is on another site.
import { readFileSync } from 'node:fs';
import express from 'express';
import { BASE, CLIENT_ID, ISSUER, PORT, page } from './env.mjs';

const library = readFileSync(new URL('../node_modules/oidc-client-ts/dist/browser/oidc-client-ts.min.js', import.meta.url));
const script = `
  const settings = { authority: ${JSON.stringify(ISSUER)}, client_id: ${JSON.stringify(CLIENT_ID)}, redirect_uri: '${BASE}/callback', post_logout_redirect_uri: '${BASE}/', scope: 'openid profile', automaticSilentRenew: false, loadUserInfo: true };
  const manager = new oidc.UserManager(settings);
  const show = (user) => { document.getElementById('who').textContent = user ? 'signed in as ' + user.profile.preferred_username + ' (' + user.profile.sub + ')' : 'nobody'; };
  const at = location.pathname;
  const failed = (error) => { document.getElementById('who').textContent = 'failed: ' + error; };
  (async () => {
    if (at === '/login') return manager.signinRedirect();
    if (at === '/logout') return manager.signoutRedirect();
    if (at === '/refresh') await manager.signinSilent();
    if (at === '/callback') await manager.signinCallback();
    if (at === '/') show(await manager.getUser()); else location.replace('/');
  })().catch(failed);
`;
const app = express();
app.get('/oidc.js', (_request, response) => response.type('js').send(library));
app.get('/{*any}', (_request, response) => response.send(`${page().replace('nobody', 'wait')}<script src=/oidc.js></script><script>${script}</script>`));
app.listen(Number(PORT), '127.0.0.1');
