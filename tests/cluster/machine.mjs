// One machine: a network namespace with an address, a folder, and the programs that run there.
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const COMMAND_LIMIT_MS = 60_000;
const configFolder = fileURLToPath(new URL('config', import.meta.url));

export class Machine {
  constructor(name, address, logs) {
    // A short path: a socket's has at most 107 bytes.
    Object.assign(this, { name, address, logs, folder: `/run/${name}` });
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
  }

  /** What the files of `config` call so, and what it is here. */
  path(path) {
    return join(this.folder, path);
  }

  /** Writes a file of `config` to its place on this machine. */
  install(file, path, mode = 0o600) {
    this.write(path, this.#here(readFileSync(join(configFolder, file), 'utf8')), mode);
  }

  write(path, text, mode = 0o600) {
    mkdirSync(dirname(this.path(path)), { recursive: true, mode: 0o700 });
    writeFileSync(this.path(path), text, { mode });
  }

  /** The guide's placeholder is the machine's name; its folders are in the machine's own. */
  #here(text) {
    return text.replaceAll('THIS', this.name).replaceAll(/(?<![\w/])\/(etc|var\/lib|run)\//g, `${this.folder}/$1/`);
  }

  #environment(extra) {
    return { PATH: process.env.PATH, HOME: this.folder, LANG: 'C.UTF-8', ...extra };
  }

  /** Runs a command to its end. */
  run(command, args, { env, ...options } = {}) {
    const inside = ['netns', 'exec', this.name, command, ...args];
    const limits = { encoding: 'utf8', stdio: 'pipe', timeout: COMMAND_LIMIT_MS, killSignal: 'SIGKILL' };
    return execFileSync('ip', inside, { cwd: this.folder, env: this.#environment(env), ...limits, ...options });
  }

  /** Starts a program, which runs until `signal` ends it. Its output is in the folder of logs. */
  start(service, command, args, { env } = {}) {
    const log = openSync(join(this.logs, `${this.name}-${service}.log`), 'a');
    const options = { cwd: this.folder, env: this.#environment(env), stdio: ['ignore', log, log] };
    const child = spawn('ip', ['netns', 'exec', this.name, command, ...args], options);
    closeSync(log);
    child.unref();
  }

  /** Sends a signal to the programs of these names, or to every one of the machine; says how many there were. */
  signal(signal, names) {
    const ids = this.#processes().filter((id) => !names || names.includes(programName(id)));
    for (const id of ids) {
      try {
        process.kill(id, signal);
      } catch (error) {
        if (error.code !== 'ESRCH') throw error;
      }
    }
    return ids.length;
  }

  /** Kills them, and what they start meanwhile. */
  kill(names) {
    while (this.signal('SIGKILL', names) > 0);
  }

  #processes() {
    return execFileSync('ip', ['netns', 'pids', this.name], { encoding: 'utf8' }).split('\n').filter(Boolean).map(Number);
  }
}

function programName(id) {
  try {
    return readFileSync(`/proc/${id}/comm`, 'utf8').trim();
  } catch {
    return undefined;
  }
}
