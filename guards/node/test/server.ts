// The real server, with its demo users, and requests to it.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const BINARY = process.env['COUNTERSIGN'] ?? '../../target/debug/countersign';

export interface Server {
  /** Its origin, which is the issuer and the audience of its tokens too. */
  readonly origin: string;
  readonly feedKey: string;
  /** Of the client `gateway`. */
  readonly clientSecret: string;
  login(): Promise<Login>;
  stop(): Promise<void>;
}

export interface Login {
  readonly bearer: string;
  logout(): Promise<void>;
}

export async function startServer(): Promise<Server> {
  const data = mkdtempSync(join(tmpdir(), 'countersign-guard-'));
  const args = ['--data-dir', data];
  const child = spawn(BINARY, [...args, 'dev', '--listen', '127.0.0.1:0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const stop = async () => {
    const over = child.exitCode === null && once(child, 'exit');
    child.kill();
    await over;
    rmSync(data, { recursive: true, force: true });
  };
  const origin = await firstMatch(child.stdout, /^ {2}(http:\/\/localhost:\d+) /);
  const run = (...command: string[]) => JSON.parse(execFileSync(BINARY, [...args, '--json', ...command], { encoding: 'utf8' }));
  const { key: feedKey }: { key: string } = run('feed-key', 'add', 'test');
  const { secret: clientSecret }: { secret: string } = run('client', 'add', 'gateway');
  const headers = { authorization: `Bearer ${feedKey}` };
  while ((await fetch(`${origin}/api/revocations`, { headers })).status !== 200); // it has not looked at its keys yet
  return { origin, feedKey, clientSecret, login: () => login(origin), stop };
}

async function login(origin: string): Promise<Login> {
  const response = await post(origin, '/api/login', {}, { username: 'demo', password: 'password123' });
  const cookie = response.headers.getSetCookie().map((line) => line.split(';')[0]).join('; ');
  const { accessToken } = (await response.json()) as { accessToken: string };
  return {
    bearer: `Bearer ${accessToken}`,
    logout: async () => void (await post(origin, '/api/logout', { cookie })),
  };
}

async function post(origin: string, path: string, headers: Record<string, string>, body: object = {}): Promise<Response> {
  const response = await fetch(origin + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin, ...headers },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response;
}

/** The first line of this stream that matches. */
export async function firstMatch(stream: NodeJS.ReadableStream, pattern: RegExp): Promise<string> {
  for await (const line of createInterface({ input: stream })) {
    const found = pattern.exec(line)?.[1];
    if (found !== undefined) {
      stream.resume();
      return found;
    }
  }
  throw new Error(`the program ended and never said ${pattern}`);
}
