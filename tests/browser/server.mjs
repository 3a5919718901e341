// The real server, on a port and in a folder of its own, behind a proxy that can delay, cut, swallow
// and change traffic, as networks do.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request as httpRequest } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { dirname, join } from 'node:path';

const root = fileURLToPath(new URL('../..', import.meta.url));
export const DEMO = { username: 'admin', password: 'password123' };
/** The administrator of a world with `clients`. */
export const ADA = { username: 'ada', password: 'plums on the kitchen table' };

/** With `PAGES_FROM`, the pages come from that folder, to work on them without rebuilding the server. */
const PAGE_FILES = new Map([
  ['/', 'index.html'],
  ...['login', 'forgot', 'mail-sign-in', 'register', 'account', 'admin', 'debugger', 'docs'].map((name) => [`/${name}`, `${name}.html`]),
  ['/client.js', 'client.js'],
  ['/client-account.js', 'client-account.js'],
  ['/client-device.js', 'client-device.js'],
  ['/client-step-up.js', 'client-step-up.js'],
  ['/client-passkeys.js', 'client-passkeys.js'],
]);
const TYPES = { html: 'text/html', js: 'text/javascript', css: 'text/css', svg: 'image/svg+xml' };

/** The file of the page in German where the browser asks for that, and there is one. */
function inLanguage(file, wanted = '') {
  const german = file.replace('.html', '.de.html');
  return wanted.startsWith('de') && existsSync(join(process.env.PAGES_FROM ?? '', german)) ? german : file;
}

export function binary() {
  const candidates = [process.env.SERVER_BINARY, join(root, 'target/debug/countersign'), join(root, 'target/release/countersign')];
  const found = candidates.find((path) => path && existsSync(path));
  if (!found) throw new Error('build the server first: cargo build');
  return found;
}

/** The example service that only verifies, for tokens of this server, with everything it needs in a folder. Gives its port, and what stops it. */
async function startService(world, folder) {
  const [jwks, port] = [join(folder, 'jwks.json'), await freePort()];
  writeFileSync(jwks, JSON.stringify((await world.call('GET', '/.well-known/jwks.json')).body));
  const child = spawn(join(dirname(binary()), 'protect'), [jwks, world.origin, world.origin, `127.0.0.1:${port}`], { stdio: 'inherit' });
  await until('the service answers', () => fetch(`http://127.0.0.1:${port}/hello`));
  return {
    port,
    async stop() {
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

export async function freePort() {
  const probe = createTcpServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}

/** What `dev` needs nobody to make, for `serve`: keys, an administrator, and the file that says which applications people sign in to. */
function prepare(folder, clients) {
  const run = (args, input) => {
    const { status, stderr } = spawnSync(binary(), args, { cwd: folder, input, encoding: 'utf8', env: { PATH: process.env.PATH, HOME: folder } });
    if (status !== 0) throw new Error(`countersign ${args.join(' ')} ended with ${status}: ${stderr}`);
  };
  run(['init', '--data-dir', 'data']);
  run(['user', 'add', ADA.username, '--role', 'admin', '--data-dir', 'data'], `${ADA.password}\n`);
  writeFileSync(join(folder, 'countersign.toml'), clients);
}

/**
 * Starts `countersign dev` with `settings` (`{ 'session.grace': '1s' }`) behind a proxy. `withService`: behind it, below `/service`, is also a service
 * that only verifies. `clients`: `serve` instead, with these `[[oauth.clients]]`.
 * @returns {Promise<World>}
 */
export async function startWorld(settings = {}, { withService = false, clients } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-browser-'));
  const port = await freePort();
  const proxyPort = await freePort();
  // Browsers see the proxy's origin, so it is the server's public one.
  const set = { public_origin: `http://localhost:${proxyPort}`, ...settings };
  const args = Object.entries(set).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
  if (clients !== undefined) prepare(folder, clients);
  const child = spawn(binary(), [clients === undefined ? 'dev' : 'serve', '--listen', `127.0.0.1:${port}`, '--data-dir', join(folder, 'data'), ...args], {
    cwd: folder,
    // The server refuses unknown variables, and must not see the developer's own.
    env: { PATH: process.env.PATH, HOME: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  await new Promise((resolve, reject) => {
    const hear = (chunk) => {
      log += chunk;
      if (log.includes('listening on')) resolve();
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.on('exit', (code) => reject(new Error(`the server ended with ${code}:\n${log}`)));
  });
  const world = new World(port, proxyPort);
  await world.listen();
  // On the same data, as an operator beside the running server.
  world.command = (args, input) => {
    const { status, stderr } = spawnSync(binary(), [...args, '--data-dir', join(folder, 'data')], { cwd: folder, input, env: { PATH: process.env.PATH, HOME: folder } });
    if (status !== 0) throw new Error(`countersign ${args.join(' ')} ended with ${status}: ${stderr}`);
  };
  // On the data itself: time that has passed, for example.
  world.sql = (text) => sql(join(folder, 'data', 'countersign.db'), text);
  const service = withService && (await startService(world, folder));
  if (service) world.services.set('/service', service.port);
  world.stop = async () => {
    if (service) await service.stop();
    world.proxy.closeAllConnections();
    world.proxy.close();
    child.removeAllListeners('exit');
    child.kill('SIGTERM');
    await once(child, 'exit');
    rmSync(folder, { recursive: true, force: true });
  };
  return world;
}

/** Changes the rows of a server that runs. */
export function sql(database, text) {
  const { status, stderr } = spawnSync('sqlite3', ['-cmd', '.timeout 5000', database, text], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`sqlite3 ended with ${status}: ${stderr}`);
}

export class World {
  /** All requests so far: `POST /api/refresh`. */
  log = [];
  /** The fate of a request, given `POST /path` and `?session=`: `{ delayMs, cut, swallow, status }`, all optional. */
  weather = () => ({});
  /** The lifetime that clients are told, in seconds, instead of the real one. */
  expiresIn = undefined;
  /** Hears each request, `POST /path`, with its body as text and its headers. */
  hear = () => {};
  /** Extra pages of the tests, by path. */
  pages = new Map();
  /** Ports of services beside the server, by the path that they are below. */
  services = new Map();

  /** `certificate`: `{ key, cert }`, with which the proxy speaks TLS. */
  constructor(port, proxyPort, certificate) {
    this.upstream = port;
    this.port = proxyPort;
    this.certificate = certificate;
    this.origin = `${certificate ? 'https' : 'http'}://localhost:${proxyPort}`;
  }

  count(entry) {
    return this.log.filter((line) => line === entry).length;
  }

  async listen() {
    const pass = (request, response) => {
      this.pass(request, response).catch(() => response.destroy());
    };
    this.proxy = this.certificate ? createHttpsServer(this.certificate, pass) : createServer(pass);
    this.proxy.listen(this.port, 'localhost');
    await once(this.proxy, 'listening');
  }

  async pass(request, response) {
    const path = request.url.split('?')[0];
    this.log.push(`${request.method} ${path}`);
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    this.hear(`${request.method} ${path}`, Buffer.concat(chunks).toString(), request.headers);
    const page = this.pages.get(path);
    if (page !== undefined) {
      response.writeHead(200, { 'Content-Type': 'text/html' }).end(page);
      return;
    }
    const document = PAGE_FILES.get(path);
    const file = (document && inLanguage(document, request.headers['accept-language'])) ?? /^\/assets\/([\w.-]+)$/.exec(path)?.[1];
    if (process.env.PAGES_FROM && file === 'server-keys.js') {
      const { body } = await this.call('GET', '/.well-known/jwks.json');
      const keys = { issuer: this.origin, audience: this.origin, type: 'at+jwt', jwks: body };
      response.writeHead(200, { 'Content-Type': TYPES.js }).end(`export default ${JSON.stringify(keys)};`);
      return;
    }
    if (process.env.PAGES_FROM && file) {
      const inLanguage = join(process.env.PAGES_FROM, file.replace('.html', `.${request.headers['accept-language']?.slice(0, 2)}.html`));
      const found = existsSync(inLanguage) ? inLanguage : join(process.env.PAGES_FROM, file);
      const content = file.endsWith('.html') && (await this.offersPasskeys()) ? readFileSync(found, 'utf8').replace('<html ', '<html data-passkeys ') : readFileSync(found);
      response.writeHead(200, { 'Content-Type': TYPES[file.split('.').pop()] }).end(content);
      return;
    }
    const { delayMs = 0, cut, swallow, status } = this.weather(`${request.method} ${path}`, request.headers['x-test-session']);
    if (cut === 'request') {
      response.destroy();
      return;
    }
    if (delayMs) await sleep(delayMs);
    if (status) {
      response.writeHead(status, { 'Content-Type': 'application/json' }).end('{"error":"x","code":"unavailable"}');
      return;
    }
    const answer = await this.forward(request, Buffer.concat(chunks));
    if (delayMs) await sleep(delayMs);
    // From here on the server has committed.
    if (cut === 'reply') response.destroy();
    else if (!swallow) response.writeHead(answer.status, answer.headers).end(answer.body);
  }

  /** Whether the server says so in its own documents. */
  async offersPasskeys() {
    const document = await (await fetch(`http://127.0.0.1:${this.upstream}/login`)).text();
    return document.includes(' data-passkeys ');
  }

  async forward({ method, url, headers }, body) {
    const [below, port] = [...this.services].find(([below]) => url.startsWith(`${below}/`)) ?? ['', this.upstream];
    const upstream = httpRequest({ host: '127.0.0.1', port, method, path: url.slice(below.length), headers });
    upstream.end(body);
    const [answer] = await once(upstream, 'response');
    const chunks = [];
    for await (const chunk of answer) chunks.push(chunk);
    let text = Buffer.concat(chunks);
    const answerHeaders = { ...answer.headers };
    if (this.expiresIn !== undefined && answer.statusCode === 200 && /^\/api\/(login|refresh)$/.test(url)) {
      text = Buffer.from(JSON.stringify({ ...JSON.parse(text), expiresIn: this.expiresIn }));
      delete answerHeaders['content-length'];
    }
    return { status: answer.statusCode, headers: answerHeaders, body: text };
  }

  /** A call of the API from outside the browser, as from another device. */
  async call(method, path, { body, token } = {}) {
    const response = await fetch(`http://127.0.0.1:${this.upstream}${path}`, {
      method,
      headers: { ...(body && { 'Content-Type': 'application/json' }), ...(token && { Authorization: `Bearer ${token}` }) },
      body: body && JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, body: text ? JSON.parse(text) : undefined };
  }
}

export function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * Waits until `condition` holds, and gives what it gives. One that throws does not hold yet. Fails after `limitMs` with `what` and the last error, also
 * where a condition never ends.
 */
export async function until(what, condition, limitMs = 10_000) {
  const end = Date.now() + limitMs;
  for (;;) {
    let cause;
    try {
      const value = await inTime(end - Date.now(), condition);
      if (value) return value;
    } catch (error) {
      cause = error;
    }
    if (Date.now() >= end) throw new Error(`did not happen in ${limitMs} ms: ${what}${cause ? `; in the end: ${cause.message}` : ''}`, { cause });
    await sleep(25);
  }
}

/** What `work` gives, if it gives it in time. */
export function inTime(limitMs, work) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer')), limitMs);
  });
  return Promise.race([Promise.resolve().then(work), late]).finally(() => clearTimeout(timer));
}
