// Builds the module and puts it where the pages embed it: `node web/debugger-wasm/build.mjs`. Needs the
// target `wasm32-unknown-unknown`. Paths of the machine are mapped away: they are nobody's business,
// and the bytes must be the same wherever the same compiler makes them.
import { execFileSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
const cargoHome = process.env.CARGO_HOME ?? join(homedir(), '.cargo');
const registry = execFileSync('sh', ['-c', `ls -d "${cargoHome}"/registry/src/*`], { encoding: 'utf8' }).trim().split('\n');
const maps = [[root, '.'], [cargoHome, 'cargo'], ...registry.map((path) => [path, 'crates'])];
execFileSync('cargo', ['build', '--locked', '--profile', 'wasm', '--target', 'wasm32-unknown-unknown', '-p', 'countersign-debugger-wasm'], {
  cwd: root,
  stdio: 'inherit',
  // The last map that fits is the one that counts.
  env: { ...process.env, CARGO_ENCODED_RUSTFLAGS: maps.map(([from, to]) => `--remap-path-prefix=${from}=${to}`).join('\x1f') },
});
const target = process.env.CARGO_TARGET_DIR ?? join(root, 'target');
copyFileSync(join(target, 'wasm32-unknown-unknown/wasm/countersign_debugger_wasm.wasm'), join(root, 'web/pages/src/debugger.wasm'));
