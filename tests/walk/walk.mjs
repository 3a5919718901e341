// A new user's first days: every command and file of the README and of the operator's guide, as it is printed
// there, on this machine. Only names are replaced: folders that need root, ports that may be taken, and the
// host, which is this machine.
//
// usage: node tests/walk/walk.mjs [TARGET_DIR/PROFILE]     what cargo has built, by default target/debug
//        WALK_BUILD=1 node tests/walk/walk.mjs              what the fresh clone builds, with `cargo build --release`
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpsServer } from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const place = mkdtempSync(join(tmpdir(), 'countersign-walk-'));
const clone = join(place, 'clone');
const built = process.env.WALK_BUILD ? join(clone, 'target/release') : resolve(process.argv[2] ?? join(root, 'target/debug'));
const PASSWORD = 'a long enough passphrase';
const running = new Set();
const world = {};

process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'; // the certificate of this walk is its own
const [dev, plain, tls, service, front] = [await freePort(), await freePort(), await freePort(), await freePort(), await freePort()];
const origin = `https://localhost:${tls}`;
const frontEnd = `https://localhost:${front}`;
const NAMES = [
  ['https://auth.example.com', origin],
  ['http://localhost:3000', `http://localhost:${dev}`],
  ['http://127.0.0.1:3000', `http://127.0.0.1:${plain}`],
  ['listen 443 ssl', `listen 127.0.0.1:${tls} ssl`],
  ['server_name auth.example.com', 'server_name localhost'],
  ['/etc/letsencrypt/live/auth.example.com', place],
  ['/etc/countersign', join(place, 'etc')],
  ['/var/lib/countersign', join(place, 'lib')],
  ['/var/backups', place],
  ['/usr/local/bin', join(place, 'bin')],
  ['target/dist', built],
];

try {
  mkdirSync(join(place, 'bin'));
  mkdirSync(join(place, 'etc'));
  mkdirSync(join(place, 'lib'));
  for (const [what, step] of Object.entries({
    'a fresh clone': freshClone,
    'README: two minutes': twoMinutes,
    'guide: a server behind nginx': server,
    'README: a route of another service': protectedRoute,
    'README of the client: a front end on another origin': otherOrigin,
    'guide: ten thousand users': manyUsers,
    'guide: a thousand failed sign-ins': guesses,
    'guide: SIGHUP, restart, upgrade': upgrade,
    'guide: a copy, and the end of all sessions': copies,
    'guide: the systemd units': unit,
  })) {
    const began = process.hrtime.bigint();
    await step();
    console.log(`${what}: ${(Number(process.hrtime.bigint() - began) / 1e9).toFixed(1)} s`);
  }
} finally {
  for (const child of running) child.kill('SIGKILL');
  rmSync(place, { recursive: true, force: true });
}

/** What is committed is all that somebody has. Building it takes minutes, and is not done each time. */
async function freshClone() {
  shell(`git clone --quiet --depth 1 "file://${root}" ${clone}`);
  const cargo = { cwd: clone, HOME: process.env.HOME }; // where the toolchain is
  shell('cargo metadata --locked --format-version 1 > metadata.json', cargo);
  const pages = shell("git ls-files README.md 'docs/*.md' 'web/client/*.md'", { cwd: clone }).trim().split('\n');
  for (const page of pages) {
    const links = readFileSync(join(clone, page), 'utf8').matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g);
    for (const [, link] of links) assert.ok(existsSync(join(clone, dirname(page), link)), `${page} links to ${link}`);
  }
  if (process.env.WALK_BUILD) shell('cargo build --release --locked -p countersign-server -p protect', cargo);
  shell(`install -m 0755 ${built}/countersign ${place}/bin/`);
}

/** The console block of the README, command by command; `…` stands for what the command before has printed. */
async function twoMinutes() {
  const server = await serve(['dev', '--listen', `127.0.0.1:${dev}`], place);
  const said = [];
  for (const command of blockAfter('README.md', '## Two minutes', 'console').matchAll(/^\$ ([^\n]*)/gm)) {
    const login = said[0] && JSON.parse(said[0]).accessToken;
    const text = command[1].startsWith('TOKEN=') ? '' : command[1];
    if (text) said.push(shell(text, { cwd: place, TOKEN: login ?? '' }));
  }
  const [, profile, refreshed, users, , refused] = said;
  assert.equal(JSON.parse(profile).user.username, 'admin');
  assert.ok(JSON.parse(refreshed).accessToken);
  assert.match(users, /^admin +admin +enabled/m);
  assert.equal(JSON.parse(refused).code, 'token_revoked');
  await stop(server);
}

async function server() {
  world.isInstalled = true;
  shell(walk('init'), { input: `${PASSWORD}\n` });
  shell(
    `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE -keyout ${place}/privkey.pem -out ${place}/fullchain.pem 2>&1`,
  );
  const site = renamed(walk('nginx'));
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${place}/nginx-${kind};`);
  writeFileSync(
    join(place, 'nginx.conf'),
    `daemon off; master_process off; pid ${place}/nginx.pid; error_log stderr; events {}\nhttp { access_log off; ${paths.join(' ')}\n${site}}`,
  );
  start('nginx', ['-p', place, '-e', 'stderr', '-c', join(place, 'nginx.conf')]);
  world.server = await serveConfigured();
  await until('nginx passes requests on', async () => (await call('GET', '/healthz')).status === 200);
  shell(walk('health'));
  world.ada = await signIn('ada');
}

async function protectedRoute() {
  const binary = join(built, 'discover');
  // The example of the README, with the address that it serves as its third argument.
  start(binary, [origin, origin, `127.0.0.1:${service}`], { SSL_CERT_FILE: join(place, 'fullchain.pem') });
  const hello = (token) =>
    fetch(`http://127.0.0.1:${service}/hello`, { headers: token ? { Authorization: `Bearer ${token}` } : {} });
  await until('the service answers', async () => (await hello().catch(() => ({}))).status === 401);
  const answer = await hello(world.ada.accessToken);
  assert.equal(answer.status, 200, await answer.text());
}

/** The page takes the client and the sign-in page from the server. */
async function otherOrigin() {
  const page = renamed(blockAfter('web/client/README.md', '## A page on another origin', 'html'));
  const [key, cert] = ['privkey.pem', 'fullchain.pem'].map((name) => readFileSync(join(place, name)));
  const server = createHttpsServer({ key, cert }, (_, response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end(page));
  server.listen(front, 'localhost');
  const { default: puppeteer } = await import('../browser/node_modules/puppeteer-core/lib/esm/puppeteer/puppeteer-core.js');
  const browser = await puppeteer.launch({ headless: true, executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--ignore-certificate-errors'] });
  try {
    const tab = await browser.newPage();
    await tab.goto(frontEnd);
    await tab.waitForSelector('input[type=password]');
    await tab.type('input[autocomplete~=username]', 'ada');
    await tab.type('input[type=password]', PASSWORD);
    await Promise.all([tab.waitForNavigation(), tab.keyboard.press('Enter')]);
    for (const what of ['signed in', 'and after a reload']) {
      await tab.waitForFunction(() => document.querySelector('#hello')?.textContent === 'Hello ada', { polling: 50 });
      assert.equal(new URL(tab.url()).origin, frontEnd, what);
      await tab.reload();
    }
  } finally {
    await browser.close();
    server.close();
    server.closeAllConnections();
  }
}

async function manyUsers() {
  const hash = /"passwordHash":"([^"]+)"/.exec(shell('countersign user export'))[1];
  const rows = Array.from({ length: 10_000 }, (_, n) => `person${n}@example.com,"${hash}"`);
  writeFileSync(join(place, 'users.csv'), ['email,password_hash', ...rows].join('\n'));
  const dry = shell('countersign user import users.csv --dry-run', { cwd: place });
  shell(/To import: (.*)/.exec(dry)[1], { cwd: place });
  await signIn('person9999@example.com');
}

async function guesses() {
  const counts = new Map();
  for (let n = 0; n < 1_000; n++) {
    const { status } = await call('POST', '/api/login', { username: `person${n}@example.com`, password: 'wrong' });
    counts.set(status, (counts.get(status) ?? 0) + 1);
  }
  assert.deepEqual([...counts.keys()].sort(), [401, 429], 'each guess is looked at or refused, none is lost');
  // The owner has signed in from this browser before.
  world.ada = await signIn('ada', world.ada.cookies);
  const lines = world.server.said().split('\n').length;
  assert.ok(lines < 500, `${lines} lines in the log`);
}

async function upgrade() {
  world.server.child.kill('SIGHUP');
  await until('SIGHUP is survived', () => world.server.said().includes('SIGHUP'));
  await refreshes();
  await stop(world.server);
  world.server = await serveConfigured();
  await refreshes();
  const [, install, signal] = /^(.*)systemctl kill --kill-whom=main --signal=(SIGUSR2) countersign\n$/s.exec(walk('upgrade'));
  shell(install);
  world.server.child.kill(signal);
  const newServer = () => /handed over process=(\d+)/.exec(world.server.said());
  await until('the new program serves', newServer);
  await refreshes();
  process.kill(Number(newServer()[1]), 'SIGTERM');
  await until('the new server stops', () => world.server.said().match(/ stopped$/gm)?.length === 2);
  running.delete(world.server.child);
  world.server = await serveConfigured();
  await refreshes();
}

async function copies() {
  shell(walk('backup'));
  shell(walk('end-all'));
  await until('every session has ended', async () => (await profile()).status === 401);
  await stop(world.server);
  shell(`mkdir ${place}/lost && mv ${place}/lib/countersign.db* ${place}/lost/ && countersign restore ${place}/*.backup`);
  world.server = await serveConfigured();
  const { status } = await call('POST', '/api/refresh', undefined, { Cookie: world.ada.cookies });
  assert.equal(status, 401, 'a restore revives nobody');
  world.ada = await signIn('ada', world.ada.cookies);
  await refreshes();
  await stop(world.server);
}

function unit() {
  // `scripts/test-deploy` has systemd judge the files.
  for (const [block, file] of [['unit', 'countersign.service'], ['socket', 'countersign.socket']]) {
    assert.equal(walk(block), readFileSync(join(root, 'examples/deploy/systemd', file), 'utf8'), `${file} is another one in the guide`);
  }
}

async function refreshes() {
  const { status, body, cookies } = await call('POST', '/api/refresh', undefined, { Cookie: world.ada.cookies });
  assert.equal(status, 200, JSON.stringify(body));
  world.ada = { ...world.ada, accessToken: body.accessToken, cookies: merged(world.ada.cookies, cookies) };
  assert.equal((await profile()).status, 200);
}

function profile() {
  return call('GET', '/api/profile', undefined, { Authorization: `Bearer ${world.ada.accessToken}` });
}

async function signIn(username, cookies = '') {
  const { status, body, cookies: set } = await call('POST', '/api/login', { username, password: PASSWORD }, { Cookie: cookies });
  assert.equal(status, 200, JSON.stringify(body));
  return { ...body, cookies: merged(cookies, set) };
}

/** What a browser would send back. */
function merged(old, set) {
  const jar = new Map([...old.split('; ').filter(Boolean), ...set.map((line) => line.split(';')[0])].map((pair) => pair.split(/=(.*)/s)));
  return [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
}

/** A request through nginx. */
async function call(method, path, body, headers = {}) {
  const json = body === undefined ? {} : { 'Content-Type': 'application/json' };
  const answer = await fetch(origin + path, { method, headers: { ...json, ...headers }, body: body && JSON.stringify(body) }).catch(() => undefined);
  if (!answer) return { status: 0 };
  const text = await answer.text();
  return { status: answer.status, body: text.startsWith('{') ? JSON.parse(text) : text, cookies: answer.headers.getSetCookie() };
}

function serveConfigured() {
  return serve(['serve', '--set', `cors_origins=${frontEnd}`], place);
}

async function serve(args, cwd) {
  const server = start('countersign', args, {}, cwd);
  await until(`${args[0]} listens`, () => server.said().includes('listening on'));
  return server;
}

function start(command, args, env = {}, cwd = place) {
  const child = spawn(command, args, { cwd, env: { ...environment(), ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += chunk));
  running.add(child);
  return { child, said: () => text };
}

async function stop({ child, said }) {
  running.delete(child);
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const [code] = await ended;
  assert.equal(code, 0, said());
}

/** Runs a command as a user would type it; gives what it prints. */
function shell(command, { cwd = place, input = '', ...env } = {}) {
  const ran = spawnSync('bash', ['-e', '-o', 'pipefail', '-c', renamed(command)], { cwd, input, env: { ...environment(), ...env }, encoding: 'utf8' });
  assert.equal(ran.status, 0, `${command}\n${ran.stdout}${ran.stderr}`);
  return ran.stdout;
}

function environment() {
  const found = world.isInstalled ? { COUNTERSIGN_CONFIG: join(place, 'etc/countersign.toml'), COUNTERSIGN_LISTEN: `127.0.0.1:${plain}` } : {}; // as /etc is looked into
  return { PATH: `${place}/bin:/usr/sbin:${process.env.PATH}`, HOME: place, LANG: 'C.UTF-8', ...found };
}

function renamed(text) {
  return NAMES.reduce((text, [from, to]) => text.replaceAll(from, to), text);
}

/** The block of the operator's guide with this name. */
function walk(name) {
  return blockAfter('docs/guides/operating.md', `<!-- walk: ${name} -->`);
}

function blockAfter(file, mark, language = '') {
  const text = readFileSync(join(root, file), 'utf8');
  assert.ok(text.includes(mark), `${file} has no ${mark}`);
  const block = new RegExp(`\`\`\`${language}[^\n]*\n(.*?)\`\`\``, 's').exec(text.slice(text.indexOf(mark)));
  return block[1];
}

async function until(what, holds) {
  for (const end = Date.now() + 30_000; !(await holds()); ) {
    if (Date.now() > end) throw new Error(`it did not come true: ${what}\n${world.server?.said() ?? ''}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}
