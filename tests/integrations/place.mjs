// Where one consumer runs: a folder with its files, a port, and its processes.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { atExit, freePort, root } from './world.mjs';

const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 10_000;
const COMMAND_LIMIT_MS = 300_000;

const installed = join(root, 'target/integrations');
const virtual = join(installed, 'python');
export const consumersFolder = fileURLToPath(new URL('consumers', import.meta.url));

/** A program of a Python package. */
export const program = (name) => join(virtual, 'bin', name);

/** A file of a Python package. */
export function packaged(path) {
  const query = 'import sysconfig; print(sysconfig.get_path("purelib"))';
  return join(execFileSync(program('python'), ['-c', query], { encoding: 'utf8' }).trim(), path);
}

export class Place {
  /** What a consumer leaves outside the folder. */
  undo;
  #children = [];
  #log = '';

  static async make(world, name) {
    const place = new Place();
    Object.assign(place, { world, name, folder: mkdtempSync(join(world.folder, `${name}-`)), port: await freePort(), innerPort: await freePort() });
    // Programs that Node runs find their packages from the folder that they are in.
    symlinkSync(fileURLToPath(new URL('node_modules', import.meta.url)), join(place.folder, 'node_modules'));
    return place;
  }

  /** What the consumers' files say, and what it is here. A name that is a whole word, so no port changes inside another. */
  #replacements() {
    const { world } = this;
    return [
      ['https://auth.example.com', world.issuer],
      ['auth.example.com', 'localhost'],
      ['/etc/ssl/certs/ca-certificates.crt', world.authorities],
      ['/etc/countersign', this.folder],
      [/\b443\b/g, world.port],
      [/\b8080\b/g, this.port],
      [/\b8081\b/g, this.innerPort],
      [/\b3000\b/g, world.backend.address().port],
    ];
  }

  /** Copies files of the consumer, with the addresses of this run. */
  copy(...files) {
    for (const file of files) {
      let text = readFileSync(join(consumersFolder, this.name, file), 'utf8');
      for (const [from, to] of this.#replacements()) text = text.replaceAll(from, to);
      this.write(file, text);
    }
  }

  write(file, text) {
    const path = this.path(file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }

  read(file) {
    return readFileSync(this.path(file), 'utf8');
  }

  path(file) {
    return join(this.folder, file);
  }

  environment(extra) {
    const { authorities } = this.world;
    const trust = { SSL_CERT_FILE: authorities, NODE_EXTRA_CA_CERTS: authorities, PERL_LWP_SSL_CA_FILE: authorities };
    return { PATH: process.env.PATH, HOME: this.folder, LANG: 'C.UTF-8', ...trust, ...extra };
  }

  /** Runs a command to its end. */
  run(command, args, { env, ...options } = {}) {
    return execFileSync(command, args, { cwd: this.folder, env: this.environment(env), encoding: 'utf8', stdio: 'pipe', timeout: COMMAND_LIMIT_MS, ...options });
  }

  /** Starts a program; it has started when a request gets through all of it, or when `ready` says so. */
  async start(command, args, { env, ready = () => answers(this.port), ...options } = {}) {
    const stdio = ['ignore', 'pipe', 'pipe'];
    const child = spawn(command, args, { cwd: this.folder, env: this.environment(env), stdio, detached: true, ...options });
    this.#children.push(child);
    const kill = () => child.pid !== undefined && signal(child, 'SIGKILL');
    atExit.add(kill);
    child.on('exit', () => atExit.delete(kill));
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (this.#log += chunk));
    child.on('error', (error) => (this.#log += error));
    const end = Date.now() + START_LIMIT_MS;
    while (!(await ready())) {
      if (child.pid === undefined || child.exitCode !== null) throw new Error(`${command} ended:\n${this.log}`);
      if (Date.now() > end) throw new Error(`${command} does not answer:\n${this.log}`);
      await sleep(20);
    }
  }

  get log() {
    return this.#log.slice(-6000);
  }

  async stop() {
    for (const child of this.#children.reverse()) {
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) continue;
      const killer = setTimeout(() => signal(child, 'SIGKILL'), STOP_LIMIT_MS);
      const ended = once(child, 'exit');
      signal(child, 'SIGTERM');
      await ended;
      clearTimeout(killer);
    }
    this.undo?.();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** To the program and whatever it started: it leads a process group of its own. */
function signal(child, name) {
  try {
    process.kill(-child.pid, name);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/** Some programs listen before they know their routes (404) or their keys (503). */
async function answers(port) {
  try {
    const [{ statusCode }] = await once(get({ host: '127.0.0.1', port, agent: false }), 'response');
    return statusCode < 500 && statusCode !== 404;
  } catch {
    return false;
  }
}

export function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
