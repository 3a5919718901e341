// Bundles the tests of the package it is run in (Node 20 runs no TypeScript), and runs them with
// Node's own runner.
import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { build } from 'esbuild';
import { compressedWasm } from './wasm.mjs';

const outdir = 'node_modules/.test';
rmSync(outdir, { recursive: true, force: true });
await build({
  entryPoints: readdirSync('test').filter((file) => file.endsWith('.test.ts')).map((file) => `test/${file}`),
  outdir,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  sourcemap: 'inline',
  plugins: [compressedWasm],
});
const { status } = spawnSync(process.execPath, ['--enable-source-maps', '--test', `${outdir}/`], { stdio: 'inherit' });
process.exit(status ?? 1);
