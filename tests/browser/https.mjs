// A server that the browser reaches by https, with a certificate that it trusts: some things browsers do only then. `countersign dev` is for
// http on this machine, so this is the real one.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { binary, DEMO, freePort, sql, World } from './server.mjs';

/**
 * An authority, a certificate of it for `localhost`, and in `folder` what makes Chromium trust it, when that is its `HOME`.
 * @returns {{ key: Buffer, cert: Buffer }}
 */
export function trustedCertificate(folder) {
  const run = (program, ...args) => execFileSync(program, args, { cwd: folder, stdio: 'pipe' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  run('openssl', 'req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2', '-subj', '/CN=Countersign tests');
  run('openssl', 'req', ...key, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=localhost');
  writeFileSync(join(folder, 'names'), 'subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth\n');
  run('openssl', 'x509', '-req', '-in', 'server.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'names', '-out', 'server.pem');
  const database = join(folder, '.pki', 'nssdb');
  mkdirSync(database, { recursive: true });
  run('certutil', '-d', `sql:${database}`, '-N', '--empty-password');
  run('certutil', '-d', `sql:${database}`, '-A', '-t', 'C,,', '-n', 'ca', '-i', 'ca.pem');
  return { key: readFileSync(join(folder, 'server.key')), cert: readFileSync(join(folder, 'server.pem')) };
}

/** Starts `countersign serve` with `settings` behind a proxy with TLS; `home` is the browser's. The one user is `DEMO`. */
export async function startHttpsWorld(settings = {}) {
  const home = mkdtempSync(join(tmpdir(), 'countersign-https-'));
  const certificate = trustedCertificate(home);
  const [port, proxyPort] = [await freePort(), await freePort()];
  const world = new World(port, proxyPort, certificate);
  const values = { listen: [`127.0.0.1:${port}`], public_origin: world.origin, data_dir: join(home, 'data'), ...settings };
  writeFileSync(join(home, 'countersign.toml'), Object.entries(values).map(([key, value]) => `${key} = ${JSON.stringify(value)}\n`).join(''));
  // The server refuses unknown variables, and must not see the developer's own.
  const surroundings = { cwd: home, env: { PATH: process.env.PATH, HOME: home } };
  const run = (args, input = '') => execFileSync(binary(), args, { ...surroundings, input, stdio: 'pipe' });
  run(['init']);
  run(['user', 'add', DEMO.username, '--role', 'admin'], `${PASSWORD}\n`);
  const child = spawn(binary(), ['serve'], { ...surroundings, stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  await new Promise((resolve, reject) => {
    child.stderr.on('data', (chunk) => {
      log += chunk;
      if (log.includes('listening on')) resolve();
    });
    child.on('exit', (code) => reject(new Error(`the server ended with ${code}:\n${log}`)));
  });
  await world.listen();
  world.sql = (text) => sql(join(home, 'data', 'countersign.db'), text);
  world.stop = async () => {
    world.proxy.closeAllConnections();
    world.proxy.close();
    child.removeAllListeners('exit');
    child.kill('SIGTERM');
    await once(child, 'exit');
    rmSync(home, { recursive: true, force: true });
  };
  return { world, home, certificate, user: { username: DEMO.username, password: PASSWORD } };
}

const PASSWORD = 'plums on the kitchen table';
