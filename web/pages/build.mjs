// Builds the pages into the folder that the server embeds. Run it and commit what changes:
// `cargo build` must need no Node.
import { cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { build } from 'esbuild';

const outdir = '../../crates/countersign-server/assets';
rmSync(outdir, { recursive: true, force: true });
mkdirSync(outdir, { recursive: true });
cpSync('public', outdir, { recursive: true });
cpSync('../client/dist/index.js', `${outdir}/client.js`);

const options = { bundle: true, minify: true, target: 'es2022', legalComments: 'none', logLevel: 'warning' };
await build({
  ...options,
  entryPoints: ['login', 'account', 'admin', 'debugger'].map((page) => `src/${page}.ts`),
  outdir,
  format: 'esm',
  // One copy of the client for all pages, the one that other people's pages load too.
  alias: { '@countersign/client': '/client.js' },
  external: ['/client.js', './server-keys.js'],
  loader: { '.wasm': 'binary' },
});
await build({ ...options, entryPoints: ['src/style.css'], outdir });
console.log(`pages: ${readdirSync(outdir).join(' ')}`);
