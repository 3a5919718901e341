// Builds the pages into the folder that the server embeds. Run it and commit the changes:
// `cargo build` must need no Node.
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';
import { compressedWasm } from '../wasm.mjs';
import { PAGES, documentOf } from './document.mjs';

const outdir = '../../crates/countersign/assets';
rmSync(outdir, { recursive: true, force: true });
mkdirSync(outdir, { recursive: true });
cpSync('public', outdir, { recursive: true });
cpSync('../client/dist/index.js', `${outdir}/client.js`);
for (const page of PAGES) {
  writeFileSync(`${outdir}/${page.name}.html`, documentOf(page, readFileSync(`html/${page.name}.html`, 'utf8')));
}

const options = { bundle: true, minify: true, target: 'es2022', legalComments: 'none', logLevel: 'warning' };
await build({
  ...options,
  entryPoints: PAGES.filter(({ script }) => script).map(({ name }) => `src/${name}.ts`),
  outdir,
  format: 'esm',
  // All pages load one copy of the client, the one that pages of other apps load too. The scripts are in `assets/`.
  alias: { '@countersign/client': '../client.js' },
  external: ['../client.js', './server-keys.js'],
  plugins: [compressedWasm],
});
await build({ ...options, entryPoints: ['src/style.css'], outdir });
console.log(`pages: ${readdirSync(outdir).join(' ')}`);
