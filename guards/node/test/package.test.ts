// What is published, installed into a project of its own and used as the README says, against the real server.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { startServer, type Server } from './server.ts';

const EXAMPLES = new Map([...readFileSync('README.md', 'utf8').matchAll(/^```js (\S+)\n(.*?)^```/gms)].map(([, name, code]) => [name, code ?? '']));
const INSTALL = ['install', '--no-audit', '--no-fund', '--silent', '--prefer-offline'];

let server: Server;
let tarball: string;
let packed: string[];
const rubbish: string[] = [];

before(async () => {
  server = await startServer();
  const dir = mkdtempSync(join(tmpdir(), 'countersign-guard-'));
  rubbish.push(dir);
  const [pack] = JSON.parse(execFileSync('npm', ['pack', '--json', '--silent', '--ignore-scripts', '--pack-destination', dir], { encoding: 'utf8' }));
  tarball = join(dir, pack.filename);
  packed = pack.files.map(({ path }: { path: string }) => path);
});
after(async () => {
  await server.stop();
  for (const path of rubbish) rmSync(path, { recursive: true, force: true });
});

test('the package has its modules with their types, and nothing else', () => {
  const { exports, dependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
  for (const entry of Object.values(exports).filter((entry) => typeof entry === 'object')) {
    for (const path of Object.values(entry as object)) assert.ok(packed.includes(path.replace('./', '')), path);
  }
  assert.deepEqual(packed.filter((path) => !/^dist\/.+\.(?:js|d\.ts)$/.test(path)).sort(), ['README.md', 'package.json']);
  assert.deepEqual(Object.keys(dependencies), ['jose']);
});

for (const name of ['express', 'fastify', 'hono']) {
  test(`the README's example for ${name}`, async () => {
    const project = fresh();
    const frameworks = name === 'hono' ? ['hono', '@hono/node-server'] : [name];
    execFileSync('npm', [...INSTALL, tarball, ...frameworks.map(versioned)], { cwd: project });
    const port = await freePort();
    writeFileSync(join(project, 'app.mjs'), example(name).replaceAll('4000', String(port)));
    await check(['node', 'app.mjs'], project, port);
  });
}

test("the README's example for Next.js", async () => {
  // With the packages that are here already: Next.js is too large to be installed twice.
  const project = resolve('node_modules/.next-project');
  rmSync(project, { recursive: true, force: true });
  rubbish.push(project);
  const name = 'app/reports/route.js';
  write(project, 'package.json', '{"type":"module","private":true}');
  write(project, name, example(name));
  write(project, 'proxy.js', example(name).replace('protect }', 'protectProxy }').replace(/export .*/s, 'export const proxy = protectProxy(guard);\n'));
  write(project, 'next.config.js', 'export default { turbopack: { root: import.meta.dirname } };');
  write(project, 'app/layout.js', 'export default ({ children }) => <html><body>{children}</body></html>;');
  mkdirSync(join(project, 'node_modules/@countersign/guard'), { recursive: true });
  // Hard links, since its bundler follows no link out of the project.
  const names = readdirSync('node_modules').filter((name) => !name.startsWith('.'));
  execFileSync('cp', ['-al', ...names.map((name) => `node_modules/${name}`), join(project, 'node_modules')]);
  execFileSync('tar', ['-xzf', tarball, '--strip-components=1', '-C', join(project, 'node_modules/@countersign/guard')]);
  const port = await freePort();
  await check([process.execPath, resolve('node_modules/next/dist/bin/next'), 'dev', '-p', String(port)], project, port, false);
});

function example(name: string): string {
  const code = EXAMPLES.get(name);
  assert.ok(code, `the README has lost its example ${name}`);
  assert.ok(name !== 'express' || code.trim().split('\n').length <= 10, 'ten lines');
  return code.replaceAll('https://auth.example.com', server.origin).replaceAll("'api'", `'${server.origin}'`);
}

/** Runs the example: its route is protected, and a logout at the server counts there. */
async function check(command: readonly [string, ...string[]], cwd: string, port: number, hasBooks = true): Promise<void> {
  const [program, ...args] = command;
  const env = { ...process.env, FEED_KEY: server.feedKey, NEXT_TELEMETRY_DISABLED: '1' };
  const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'ignore', 'inherit'], detached: true });
  try {
    await listening(port);
    const get = async (path: string, bearer?: string) => {
      const response = await fetch(`http://localhost:${port}${path}`, bearer === undefined ? {} : { headers: { authorization: bearer } });
      return [response.status, await response.text()] as const;
    };
    const { bearer, logout } = await server.login();
    const [status, text] = await get('/reports', bearer);
    assert.equal(status, 200, text);
    assert.match(text, /^reports for [\da-f-]{36}$/);
    assert.equal((await get('/reports'))[0], 401);
    if (hasBooks) assert.equal((await get('/books', bearer))[0], 403);
    await logout();
    // The feed is awaited, not a time: only the deadline of the test ends this loop otherwise.
    for (;;) {
      const [status, text] = await get('/reports', bearer);
      if (status === 401) return assert.match(text, /token_revoked/);
    }
  } finally {
    process.kill(-(child.pid as number)); // with the processes that it started
  }
}

function fresh(): string {
  const project = mkdtempSync(join(tmpdir(), 'countersign-guard-'));
  rubbish.push(project);
  write(project, 'package.json', '{"type":"module","private":true}');
  return project;
}

function write(project: string, path: string, text: string): void {
  mkdirSync(dirname(join(project, path)), { recursive: true });
  writeFileSync(join(project, path), text);
}

/** The version that is tested here. */
function versioned(name: string): string {
  return `${name}@${JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')).version}`;
}

async function freePort(): Promise<number> {
  const listener = createServer().listen(0);
  const { port } = listener.address() as AddressInfo;
  await new Promise((resolve) => listener.close(resolve));
  return port;
}

/** Resolves when something responds at this port. */
async function listening(port: number): Promise<void> {
  for (;;) {
    const response = await fetch(`http://localhost:${port}/nothing`).catch(() => undefined);
    if (response) return;
    await new Promise((resolve) => setTimeout(resolve, 50)); // it needs the processor more than this does
  }
}
