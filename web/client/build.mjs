// Builds `dist/`: minified ES modules, the core and those beside it, and their type declarations. The server serves the same modules at
// /client.js, /client-account.js and so on.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { brotliCompressSync } from 'node:zlib';
import { build, transform } from 'esbuild';

/** What each may weigh, in bytes with Brotli: a page of every app pays for the core. */
const MODULES = [
  { file: 'index.js', entry: 'src/index.ts', limit: 3072 },
  { file: 'account.js', entry: 'src/account/index.ts', limit: 3072 },
  { file: 'step-up.js', entry: 'src/step-up/index.ts', limit: 1536 },
  { file: 'device.js', entry: 'src/device/index.ts', limit: 1536 },
  { file: 'passkeys.js', entry: 'src/passkeys/index.ts', limit: 3584 },
];
/** There is one error class, the core's: `instanceof` would know no other. */
const coreErrors = {
  name: 'core-errors',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\/errors\.ts$/ }, () => ({ path: 'errors', namespace: 'core' }));
    onResolve({ filter: /^\.\/index\.js$/, namespace: 'core' }, ({ path }) => ({ path, external: true }));
    onLoad({ filter: /./, namespace: 'core' }, () => ({ contents: "export { CountersignError } from './index.js'" }));
  },
};
/** Names of the core that no app, no other tab and no other module sees. Shortened, they leave it room. */
const INTERNAL = /^(lifetimeMs|wallAt|monotonicAt|setOffline|setPending|tellServer|isPending|forget|epoch)$/;
const { name, version } = JSON.parse(readFileSync('package.json', 'utf8'));

rmSync('dist', { recursive: true, force: true });
mkdirSync('dist');
for (const module of MODULES) writeFileSync(`dist/${module.file}`, await built(module));
execFileSync('npx', ['tsc', '-p', 'tsconfig.json', '--noEmit', 'false', '--emitDeclarationOnly'], { stdio: 'inherit' });

for (const { file, limit } of MODULES) {
  const size = brotliCompressSync(readFileSync(`dist/${file}`)).length;
  console.log(`${name} ${version}, ${file}: ${size} bytes with brotli (limit ${limit})`);
  if (size > limit) process.exitCode = 1;
}

/**
 * Names are shortened in a second step. The minifier chooses them by the letters of its input, so in one
 * step the size would depend on the types, which the output does not contain.
 */
async function built({ entry }) {
  const isCore = entry === 'src/index.ts';
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    legalComments: 'none',
    minifySyntax: true,
    write: false,
    plugins: isCore ? [] : [coreErrors],
  });
  const { code } = await transform(outputFiles[0].text, { minify: true, format: 'esm', target: 'es2022', banner: `/*! ${name} ${version} */`, ...(isCore && { mangleProps: INTERNAL }) });
  return code;
}
