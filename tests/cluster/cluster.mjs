// The cluster of docs/guides/many-nodes.md: three machines with etcd, Patroni, PostgreSQL and Countersign, the third of them with
// PgBouncer in between, and one with HAProxy. This file installs and starts them; faults.mjs breaks them.
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Machine } from './machine.mjs';

export const root = fileURLToPath(new URL('../..', import.meta.url));
const installed = join(root, 'target/cluster');
const python = (name) => join(installed, 'python/bin', name);
const START_LIMIT_MS = 180_000;
const LOOK_EVERY_MS = 100;
const MASTER_KEY = '/var/lib/countersign/master.key';
export const USERS_PASSWORD = 'a long enough passphrase';

/** The programs that keep the data: what stops with them is the database, and not the node. */
export const DATABASE = ['patroni', 'postgres', 'etcd'];

export class Cluster {
  constructor(replication, planted = {}) {
    Object.assign(this, { replication, planted });
    const logs = join(installed, 'logs');
    rmSync(logs, { recursive: true, force: true });
    mkdirSync(logs, { recursive: true });
    this.nodes = [1, 2, 3].map((number) => new Machine(`node${number}`, `10.0.0.${number}`, logs));
    this.edge = new Machine('edge', '10.0.0.10', logs);
    this.certificates = join(installed, 'certificates');
  }

  async start(users) {
    this.#makeCertificates();
    for (const node of this.nodes) this.#install(node);
    for (const node of this.nodes) this.startDatabase(node);
    await until('one primary', () => this.primary());
    await until('two standbys that follow', async () => (await this.members()).filter(isStreaming).length === 2);
    if (this.replication === 'asynchronous') {
      this.control('edit-config', '--force', '--set', 'synchronous_mode=false', '--set', 'synchronous_mode_strict=false');
    }
    await until(`${this.replication} replication`, () => this.#replicatesAsAsked());
    await this.#makeDatabase(users);
    await this.planted.before?.(this);
    for (const node of this.nodes) this.startNode(node);
    this.#startEdge();
    await until('three nodes that are ready', () => this.isWell());
  }

  #makeCertificates() {
    const folder = this.certificates;
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const openssl = (...args) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2', '-subj', '/CN=Countersign tests');
    for (const name of ['node1', 'node2', 'node3', 'auth.example.com']) {
      openssl('req', ...key, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`);
      openssl('x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-copy_extensions', 'copy', '-out', `${name}.pem`);
    }
  }

  #certificate(name) {
    return readFileSync(join(this.certificates, name), 'utf8');
  }

  #install(node) {
    for (const folder of ['/var/lib/etcd', '/var/lib/postgresql/15', '/var/lib/countersign', '/run/postgresql']) {
      mkdirSync(node.path(folder), { recursive: true, mode: 0o700 });
    }
    node.install('etcd.yml', '/etc/etcd/etcd.yml');
    node.install('patroni.yml', '/etc/patroni/patroni.yml');
    node.install('countersign.toml', '/etc/countersign/countersign.toml');
    node.install('haproxy-database.cfg', '/etc/haproxy/haproxy.cfg');
    node.install('pgbouncer.ini', '/etc/pgbouncer/pgbouncer.ini');
    node.install('userlist.txt', '/etc/pgbouncer/userlist.txt');
    node.write('/etc/countersign/ca.pem', this.#certificate('ca.pem'));
    node.write('/etc/countersign/store-password', 'STORE_PASSWORD\n');
    node.write('/etc/patroni/server.pem', this.#certificate(`${node.name}.pem`));
    node.write('/etc/patroni/server.key', this.#certificate(`${node.name}.key`));
  }

  startDatabase(node) {
    node.start('etcd', 'etcd', ['--config-file', node.path('/etc/etcd/etcd.yml')]);
    node.start('patroni', python('patroni'), [node.path('/etc/patroni/patroni.yml')]);
  }

  /** The third node goes through PgBouncer, so both ways are tested. */
  startNode(node) {
    const isPooled = node === this.nodes[2];
    const store = isPooled && { COUNTERSIGN_STORE: 'postgres://countersign@127.0.0.1:6432/countersign' };
    const env = { ...store, ...this.planted.environment?.(node) };
    if (isPooled) {
      node.start('haproxy', 'haproxy', ['-db', '-f', node.path('/etc/haproxy/haproxy.cfg')]);
      node.start('pgbouncer', 'pgbouncer', [node.path('/etc/pgbouncer/pgbouncer.ini')]);
    }
    // Started again when it gives up waiting for a database, as systemd does.
    const again = 'until "$0" serve --config "$1"; do sleep 1; done';
    node.start('countersign', 'sh', ['-c', again, binary(), node.path('/etc/countersign/countersign.toml')], { env });
  }

  #startEdge() {
    const { edge } = this;
    edge.write('/etc/haproxy/auth.pem', this.#certificate('auth.example.com.pem') + this.#certificate('auth.example.com.key'));
    edge.install('haproxy.cfg', '/etc/haproxy/haproxy.cfg');
    edge.start('haproxy', 'haproxy', ['-db', '-f', edge.path('/etc/haproxy/haproxy.cfg')]);
  }

  /** The database of Countersign, its master key, and people. */
  async #makeDatabase(users) {
    const primary = await this.primary();
    primary.install('schema.sql', '/etc/schema.sql');
    this.#psql(primary, 'postgres', '--file', primary.path('/etc/schema.sql'));
    const [first, ...others] = this.nodes;
    const config = ['--config', first.path('/etc/countersign/countersign.toml')];
    first.run(binary(), ['init', ...config]);
    for (const other of others) copyFileSync(first.path(MASTER_KEY), other.path(MASTER_KEY));
    for (const name of users) first.run(binary(), ['user', 'add', name, ...config], { input: `${USERS_PASSWORD}\n` });
    this.feedKey = first.run(binary(), ['feed-key', 'add', 'test', ...config]).match(/csf_\S+/)[0];
  }

  #psql(node, database, ...args) {
    const options = ['--no-psqlrc', '--quiet', '--tuples-only', '--no-align', '--set', 'ON_ERROR_STOP=1'];
    const env = { PGPASSWORD: 'SUPERUSER_PASSWORD', PGCONNECT_TIMEOUT: '5' };
    return node.run('/usr/lib/postgresql/15/bin/psql', ['-h', '127.0.0.1', '-U', 'postgres', '-d', database, ...options, ...args], { env }).trim();
  }

  /** Asks the primary's database as its superuser. */
  async sql(text) {
    const primary = await until('one primary', () => this.primary());
    return this.#psql(primary, 'countersign', '--command', text);
  }

  async copyDatabase(name) {
    this.#psql(await this.primary(), 'postgres', '--command', `CREATE DATABASE ${name} TEMPLATE countersign OWNER countersign`);
  }

  /** Nothing of it is left. */
  stop() {
    for (const machine of [...this.nodes, this.edge]) {
      machine.kill();
      machine.run('nft', ['flush', 'ruleset']);
      rmSync(machine.folder, { recursive: true });
    }
  }

  /** `patronictl`, on whichever machine works. */
  control(...args) {
    const node = this.nodes.find((candidate) => candidate !== this.away && candidate.signal(0, ['patroni']) > 0);
    return node.run(python('patronictl'), ['-c', node.path('/etc/patroni/patroni.yml'), ...args]);
  }

  /** What each Patroni says of itself; one that says nothing is not there. */
  async members() {
    const all = await Promise.all(this.nodes.map(async (node) => ({ node, ...(await json(`http://${node.name}:8008/patroni`)) })));
    return all.filter((member) => member.state);
  }

  /** The machine whose database takes writes, if exactly one of these says so. */
  async primary(nodes = this.nodes) {
    const isPrimary = ({ node, role, state }) => nodes.includes(node) && ['primary', 'master'].includes(role) && state === 'running';
    const primaries = (await this.members()).filter(isPrimary);
    return primaries.length === 1 ? primaries[0].node : undefined;
  }

  /** One primary and two standbys that follow it, as many of them synchronous as were asked for. */
  async isWhole() {
    const members = await this.members();
    return (await this.primary()) !== undefined && members.filter(isStreaming).length === 2 && this.#replicatesAsAsked();
  }

  async #replicatesAsAsked() {
    const synchronous = (await this.members()).some(({ sync_standby: standby }) => standby);
    return synchronous === (this.replication === 'synchronous');
  }

  /** Whole, and with three nodes that can work. */
  async isWell() {
    return (await this.isWhole()) && (await this.areReady(this.nodes));
  }

  async areReady(nodes) {
    return (await Promise.all(nodes.map((node) => this.isReady(node)))).every(Boolean);
  }

  async isReady(node) {
    return (await json(`http://${node.name}:3000/readyz`, 5000))?.status === 'ready';
  }
}

const isStreaming = (member) => member.replication_state === 'streaming';

/** Waits until something is so, and gives it. */
export async function until(what, look, limit = START_LIMIT_MS) {
  const end = Date.now() + limit;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`not ${what} after ${limit / 1000} s`);
    await sleep(LOOK_EVERY_MS);
  }
}

function binary() {
  const candidates = [process.env.SERVER_BINARY, join(root, 'target/debug/countersign')];
  const found = candidates.find((path) => path && existsSync(path));
  if (!found) throw new Error('build the server first: cargo build');
  return found;
}

/** The JSON of a response whatever its status; nothing without one. */
function json(url, limit = 2000) {
  return new Promise((resolve) => {
    const request = get(url, { timeout: limit, agent: false }, async (response) => {
      let text = '';
      try {
        for await (const chunk of response) text += chunk;
        resolve(JSON.parse(text));
      } catch {
        resolve(undefined);
      }
    });
    request.on('timeout', () => request.destroy()).on('error', () => resolve(undefined));
  });
}
