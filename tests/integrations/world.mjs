// The real server with TLS on a port of loopback, a service that says which headers reach it, and one token for
// each case, signed with the server's own key where the case needs a valid signature.
import { execFileSync, spawn } from 'node:child_process';
import { createDecipheriv, createHmac, createPrivateKey, createPublicKey, generateKeyPairSync, hkdfSync, sign } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const AUDIENCE = 'https://api.example.com';
export const USER = 'ada';
const PASSWORD = 'a long enough passphrase';

/** What a run that is broken off leaves to do. */
export const atExit = new Set();
process.on('exit', () => atExit.forEach((task) => task()));
for (const name of ['SIGINT', 'SIGTERM']) process.once(name, () => process.exit(1));

export async function startWorld() {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-integrations-'));
  const port = await freePort();
  const world = {
    folder,
    port,
    issuer: `https://localhost:${port}`,
    authorities: join(folder, 'ca.pem'),
    call: (method, path, options) => call(world, method, path, options),
    async stop() {
      world.backend?.closeAllConnections();
      world.backend?.close();
      await stopServer(world.server);
      atExit.delete(abandon);
      rmSync(folder, { recursive: true, force: true });
    },
  };
  const abandon = () => {
    world.server?.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  atExit.add(abandon);
  try {
    makeCertificates(folder);
    writeFileSync(join(folder, 'countersign.toml'), settings(world));
    countersign(folder, ['init']);
    countersign(folder, ['user', 'add', USER], `${PASSWORD}\n`);
    await startServer(world);
    await startBackend(world);
    world.tokens = await makeTokens(world);
  } catch (error) {
    await world.stop();
    throw error;
  }
  return world;
}

export async function freePort() {
  const probe = createTcpServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}

function settings({ folder, port, issuer }) {
  return `listen = ["127.0.0.1:${port}"]
public_origin = "${issuer}"
audience = "${AUDIENCE}"
data_dir = "${folder}/data"

[tls]
cert_file = "${folder}/server.pem"
key_file = "${folder}/server.key"

# A machine that is busy with other tests hashes slowly.
[password]
max_wait = "10s"
`;
}

/** An authority for these tests, and a certificate of it for localhost. */
function makeCertificates(folder) {
  const openssl = (...args) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2', '-subj', '/CN=Countersign tests');
  openssl('req', ...key, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=localhost');
  writeFileSync(join(folder, 'names'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n');
  openssl('x509', '-req', '-in', 'server.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'names', '-out', 'server.pem');
}

function binary() {
  const candidates = [process.env.SERVER_BINARY, join(root, 'target/debug/countersign'), join(root, 'target/release/countersign')];
  const found = candidates.find((path) => path && existsSync(path));
  if (!found) throw new Error('build the server first: cargo build');
  return found;
}

// The server refuses unknown variables, and must not see the developer's own.
const environment = (folder) => ({ PATH: process.env.PATH, HOME: folder });

export function countersign(folder, args, input = '') {
  return execFileSync(binary(), args, { cwd: folder, env: environment(folder), input, encoding: 'utf8', stdio: 'pipe' });
}

async function startServer(world) {
  const { folder } = world;
  const server = spawn(binary(), ['serve'], { cwd: folder, env: environment(folder), stdio: ['ignore', 'ignore', 'pipe'] });
  world.server = server;
  let log = '';
  await new Promise((resolve, reject) => {
    server.stderr.on('data', (chunk) => {
      log += chunk;
      if (log.includes('listening on')) resolve();
    });
    server.on('exit', (code) => reject(new Error(`the server ended with ${code}:\n${log}`)));
  });
}

async function stopServer(server) {
  if (!server || server.exitCode !== null) return;
  const ended = once(server, 'exit');
  server.kill('SIGTERM');
  await ended;
}

/** Behind every proxy: says which headers it got, as they came. */
async function startBackend(world) {
  const backend = createServer(({ rawHeaders }, response) => {
    const headers = [];
    for (let at = 0; at < rawHeaders.length; at += 2) headers.push([rawHeaders[at], rawHeaders[at + 1]]);
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify({ headers }));
  });
  backend.listen(0, '127.0.0.1');
  await once(backend, 'listening');
  world.backend = backend;
}

async function call({ port, authorities }, method, path, { body, token } = {}) {
  const headers = { ...(body && { 'Content-Type': 'application/json' }), ...(token && { Authorization: `Bearer ${token}` }) };
  const call = request({ host: 'localhost', port, method, path, headers, ca: readFileSync(authorities), agent: false });
  call.end(body && JSON.stringify(body));
  const [response] = await once(call, 'response');
  let text = '';
  for await (const chunk of response) text += chunk;
  return { status: response.statusCode, body: text ? JSON.parse(text) : undefined };
}

export async function login(world) {
  const { status, body } = await world.call('POST', '/api/login', { body: { username: USER, password: PASSWORD } });
  if (status !== 200) throw new Error(`the login failed with ${status} ${JSON.stringify(body)}`);
  return body.accessToken;
}

async function makeTokens(world) {
  const good = await login(world);
  const revoked = await login(world);
  const ended = await world.call('POST', '/api/logout', { token: revoked });
  if (ended.status !== 204) throw new Error(`the logout failed with ${ended.status}`);
  const [header, claims] = good.split('.').slice(0, 2).map((part) => JSON.parse(Buffer.from(part, 'base64url')));
  const key = signingKey(world.folder, header.kid);
  const pem = createPublicKey(key).export({ type: 'spki', format: 'pem' });
  const now = Math.floor(Date.now() / 1000);
  const made = (headerChange, claimsChange = {}, by = es256(key)) => {
    const parts = [{ ...header, ...headerChange }, { ...claims, ...claimsChange }];
    const input = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
    return `${input}.${by(input).toString('base64url')}`;
  };
  const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const tokens = {
    good,
    revoked,
    expired: made({}, { iat: now - 2000, exp: now - 1000 }),
    noExpiry: made({}, { exp: undefined }),
    notYetValid: made({}, { nbf: now + 1000 }),
    wrongAudience: made({}, { aud: 'https://other.example.com' }),
    wrongIssuer: made({}, { iss: 'https://other.example.com' }),
    wrongType: made({ typ: 'JWT' }),
    none: made({ alg: 'none' }, {}, () => Buffer.alloc(0)),
    publicKeyAsSecret: made({ alg: 'HS256' }, {}, (input) => createHmac('sha256', pem).update(input).digest()),
    unknownKid: made({ kid: 'x'.repeat(43) }),
    noKid: made({ kid: undefined }),
    forged: made({}, {}, es256(stranger)),
  };
  // A token made here like the good one is good: what the others lack is only what their names say.
  const same = await world.call('GET', '/api/profile', { token: made({}) });
  if (same.status !== 200) throw new Error(`the server refuses a token signed with its own key: ${same.status}`);
  return tokens;
}

function es256(key) {
  return (input) => sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });
}

/** The server's own signing key. Only its master key opens it, so only a test that made the server can do this. */
function signingKey(folder, kid) {
  const query = 'import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute("SELECT hex(sealed) FROM signing_keys WHERE kid = ?", sys.argv[2:]).fetchone()[0])';
  const sealed = Buffer.from(execFileSync('python3', ['-c', query, `${folder}/data/countersign.db`, kid], { encoding: 'utf8' }).trim(), 'hex');
  const master = Buffer.from(readFileSync(`${folder}/data/master.key`, 'utf8').trim().split(' ')[1], 'hex');
  const key = Buffer.from(hkdfSync('sha256', master, 'countersign', 'countersign signing key at rest v1', 32));
  // version (1), number of the master key (1), nonce (12), ciphertext, tag (16)
  const open = createDecipheriv('aes-256-gcm', key, sealed.subarray(2, 14)).setAAD(Buffer.from(kid)).setAuthTag(sealed.subarray(-16));
  const der = Buffer.concat([open.update(sealed.subarray(14, -16)), open.final()]);
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
}
