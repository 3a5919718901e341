// Builds `dist/`: one minified ES module and its type declarations. The server
// serves the same module at /client.js.
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { brotliCompressSync } from 'node:zlib';
import { build } from 'esbuild';

const LIMIT_BYTES = 3072;
const { name, version } = JSON.parse(readFileSync('package.json', 'utf8'));

rmSync('dist', { recursive: true, force: true });
await build({
  entryPoints: ['src/index.ts'],
  outfile: 'dist/index.js',
  bundle: true,
  format: 'esm',
  target: 'es2022',
  minify: true,
  legalComments: 'none',
  banner: { js: `/*! ${name} ${version} */` },
});
execFileSync('npx', ['tsc', '-p', 'tsconfig.json', '--noEmit', 'false', '--emitDeclarationOnly'], { stdio: 'inherit' });

const size = brotliCompressSync(readFileSync('dist/index.js')).length;
console.log(`${name} ${version}: ${size} bytes with brotli (limit ${LIMIT_BYTES})`);
if (size > LIMIT_BYTES) process.exit(1);
