// Pages of an app whose sessions are bound to a device, and what happens to them: time passes, cookies are copied.
import { holds } from './browsers.mjs';
import { DEMO } from './server.mjs';

export const REFRESH = 'POST /api/refresh';
export const HOUR_MS = 3_600_000;

const app = (environment = '', imports = '') => `<!doctype html><title>app</title><script type="module">
  import { createClient } from '/client.js';
  ${imports}
  window.auth = createClient(${environment});
</script>`;
/** A page with the client and its proof of the device, and one with the client alone. */
export const PROVED = app('{ environment: createDeviceProof() }', "import { createDeviceProof } from '/client-device.js';");
export const PLAIN = app();

/** Helpers for pages of an app in one world. */
export function inWorld(world) {
  const known = (page) => holds(page, () => window.auth && auth.state.status !== 'unknown');
  return {
    async open(context, path, prepare = () => {}) {
      const page = await context.newPage();
      await prepare(page);
      await page.goto(world.origin + path);
      await known(page);
      return page;
    },
    async reload(page) {
      await page.reload();
      await known(page);
    },
    signIn: (page, { username, password } = DEMO) => page.evaluate((who, password) => auth.login(who, password), username, password),
    state: (page) => page.evaluate(() => ({ status: auth.state.status, reason: auth.state.reason ?? null })),
    /** As if so much time had passed since the last rotation: in the rows, so that nobody waits. */
    letPass: (ms) => world.sql(`UPDATE sessions SET rotated_at = rotated_at - ${ms}, created_at = created_at - ${ms}`),
    /** The page finds out that it was away, and refreshes. */
    wake: (page) => page.evaluate(() => void dispatchEvent(new Event('online'))),
    /** All cookies of a browser, in another one. */
    async copyCookies(from, to, isTaken = () => true) {
      for (const cookie of (await from.cookies()).filter(({ name }) => isTaken(name))) await to.setCookie(cookie);
    },
  };
}

/** What the page says of its state. */
export const IN = { 'signed-in': { status: 'signed-in', reason: null }, lost: { status: 'signed-out', reason: 'device_proof_required' } };
