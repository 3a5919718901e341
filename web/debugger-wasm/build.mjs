// Builds the module and puts it where the pages embed it: `node web/debugger-wasm/build.mjs`. Needs the
// target `wasm32-unknown-unknown`. With `--check` it changes nothing, and fails if the committed module
// is not what the sources make; another compiler makes other bytes, so that is asked of the same one only.
import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
const committed = join(root, 'web/pages/src/debugger.wasm');
const compiler = execFileSync('rustc', ['--version'], { cwd: root, encoding: 'utf8' });

// Paths of the machine are mapped away: they are nobody's business, and the bytes must not depend on them.
const cargoHome = process.env.CARGO_HOME ?? join(homedir(), '.cargo');
execFileSync('cargo', ['fetch', '--locked', '--quiet'], { cwd: root, stdio: 'inherit' });
const sysroot = execFileSync('rustc', ['--print', 'sysroot'], { cwd: root, encoding: 'utf8' }).trim();
const registries = execFileSync('find', [join(cargoHome, 'registry/src'), '-mindepth', '1', '-maxdepth', '1'], { encoding: 'utf8' }).trim().split('\n');
// The last map that fits is the one that counts.
const maps = [[root, '.'], [cargoHome, 'cargo'], [join(sysroot, 'lib/rustlib/src/rust'), 'rust'], ...registries.map((path) => [path, 'crates'])];
execFileSync('cargo', ['build', '--locked', '--profile', 'wasm', '--target', 'wasm32-unknown-unknown', '-p', 'countersign-debugger-wasm'], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, CARGO_ENCODED_RUSTFLAGS: maps.map(([from, to]) => `--remap-path-prefix=${from}=${to}`).join('\x1f') },
});
const target = process.env.CARGO_TARGET_DIR ?? join(root, 'target');
const built = join(target, 'wasm32-unknown-unknown/wasm/countersign_debugger_wasm.wasm');

if (!process.argv.includes('--check')) {
  copyFileSync(built, committed);
  writeFileSync(`${committed}.txt`, `made by ${compiler}`);
} else if (readFileSync(`${committed}.txt`, 'utf8') !== `made by ${compiler}`) {
  console.log(`not compared: the committed module was ${readFileSync(`${committed}.txt`, 'utf8').trim()}, and this is ${compiler.trim()}`);
} else if (!readFileSync(built).equals(readFileSync(committed))) {
  console.error('the committed debugger.wasm is not what the sources make: run node web/debugger-wasm/build.mjs and commit');
  process.exit(1);
}
