// Compiles the tests (Node 20 runs no TypeScript), and runs them with Node's own runner.
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';

const out = 'node_modules/.test';
rmSync(out, { recursive: true, force: true });
execFileSync('npx', ['tsc', '-p', 'test/tsconfig.json'], { stdio: 'inherit' });
const wanted = process.argv.slice(2);
const files = readdirSync('test')
  .filter((file) => file.endsWith('.test.ts') && (wanted.length === 0 || wanted.some((name) => file.startsWith(name))))
  .map((file) => `${out}/test/${file.replace(/\.ts$/, '.js')}`);
const { status } = spawnSync(process.execPath, ['--enable-source-maps', '--test', ...files], { stdio: 'inherit' });
process.exit(status ?? 1);
