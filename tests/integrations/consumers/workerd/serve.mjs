// Runs the bundled worker in workerd, as `wrangler dev` does.
import { Miniflare } from 'miniflare';

const miniflare = new Miniflare({
  modules: true,
  scriptPath: 'bundle.mjs',
  compatibilityDate: '2026-01-01',
  host: '127.0.0.1',
  port: 8080,
  // workerd trusts public authorities only; Node's own client knows that of the tests.
  outboundService: (request) => fetch(request.url),
});
await miniflare.ready;
