// Builds the pages into the folder that the server embeds. Run it and commit the changes:
// `cargo build` must need no Node.
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { build } from 'esbuild';
import { compressedWasm } from '../wasm.mjs';
import { LANGUAGES, PAGES, documentOf, fileOf } from './document.mjs';
import { checkWords, translated } from './translate.mjs';

const outdir = '../../crates/countersign/assets';
rmSync(outdir, { recursive: true, force: true });
mkdirSync(outdir, { recursive: true });
cpSync('public', outdir, { recursive: true });
cpSync('../client/dist/index.js', `${outdir}/client.js`);
for (const name of ['account', 'device', 'passkeys', 'step-up']) {
  writeFileSync(`${outdir}/client-${name}.js`, readFileSync(`../client/dist/${name}.js`, 'utf8').replaceAll('./index.js', './client.js'));
}
for (const page of PAGES) {
  const body = readFileSync(`html/${page.name}.html`, 'utf8');
  writeFileSync(`${outdir}/${page.name}.html`, documentOf(page, body));
}
for (const lang of LANGUAGES) {
  const translate = translated(lang, JSON.parse(readFileSync(`html/${lang}.json`, 'utf8')));
  for (const page of PAGES.filter(({ isTranslated }) => isTranslated)) {
    const body = translate.html(readFileSync(`html/${page.name}.html`, 'utf8'));
    writeFileSync(`${outdir}/${fileOf(page.name, lang)}.html`, documentOf({ ...page, title: translate.title(page.title) }, body, lang));
  }
  translate.finish();
}

const options = { bundle: true, minify: true, target: 'es2022', legalComments: 'none', logLevel: 'warning' };
const scripts = {
  ...options,
  outdir,
  format: 'esm',
  // All pages load one copy of the client and its other modules, the one that pages of other apps load too. The scripts are in `assets/`.
  alias: { '@countersign/client': '../client.js', '@countersign/client/account': '../client-account.js', '@countersign/client/device': '../client-device.js', '@countersign/client/passkeys': '../client-passkeys.js' },
  external: ['../client.js', '../client-account.js', '../client-device.js', '../client-passkeys.js', './server-keys.js'],
};
await build({
  ...scripts,
  entryPoints: PAGES.filter(({ script }) => script).map(({ name }) => `src/${name}.ts`),
  plugins: [compressedWasm],
});
for (const lang of LANGUAGES) {
  for (const { name, hasOwnWords } of PAGES.filter(({ isTranslated, script }) => isTranslated && script)) {
    // The same script, with the words of this language in the place of English, which needs none.
    const dictionary = resolve(`src/${hasOwnWords ? `${lang}-${name}` : lang}.ts`);
    const words = { name: 'words', setup: ({ onResolve }) => onResolve({ filter: /^\.\/dictionary\.ts$/ }, () => ({ path: dictionary })) };
    const { metafile } = await build({ ...scripts, entryPoints: [{ in: `src/${name}.ts`, out: fileOf(name, lang) }], plugins: [words], metafile: true });
    await checkWords(dictionary, Object.keys(metafile.inputs), name);
  }
}
await build({ ...options, entryPoints: ['src/style.css'], outdir });
console.log(`pages: ${readdirSync(outdir).join(' ')}`);
