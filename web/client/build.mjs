// Builds `dist/`: one minified ES module and its type declarations. The server
// serves the same module at /client.js.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { brotliCompressSync } from 'node:zlib';
import { build, transform } from 'esbuild';

const LIMIT_BYTES = 3072;
const { name, version } = JSON.parse(readFileSync('package.json', 'utf8'));

rmSync('dist', { recursive: true, force: true });
// Names are shortened in a second step. The minifier chooses them by the letters of its input, so in one
// step the size would depend on the types, which the output does not contain.
const { outputFiles } = await build({
  entryPoints: ['src/index.ts'],
  bundle: true,
  format: 'esm',
  target: 'es2022',
  legalComments: 'none',
  minifySyntax: true,
  write: false,
});
const { code } = await transform(outputFiles[0].text, { minify: true, format: 'esm', target: 'es2022', banner: `/*! ${name} ${version} */` });
mkdirSync('dist');
writeFileSync('dist/index.js', code);
execFileSync('npx', ['tsc', '-p', 'tsconfig.json', '--noEmit', 'false', '--emitDeclarationOnly'], { stdio: 'inherit' });

const size = brotliCompressSync(readFileSync('dist/index.js')).length;
console.log(`${name} ${version}: ${size} bytes with brotli (limit ${LIMIT_BYTES})`);
if (size > LIMIT_BYTES) process.exit(1);
