// An application behind Apache: it believes the headers, as only Apache reaches it.
import { createServer } from 'node:http';
import { PORT, page } from './env.mjs';

createServer(({ headers }, response) => {
  const claims = { sub: headers['oidc_claim_sub'], preferred_username: headers['oidc_claim_preferred_username'] };
  response.setHeader('content-type', 'text/html').end(page(claims));
}).listen(Number(PORT), '127.0.0.1');
