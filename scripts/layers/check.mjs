#!/usr/bin/env node
// Finds import cycles between files, in every crate and in `web/`, and breaches of the storeys of
// `crates/countersign`. Prints every fault with its place. Usage: node scripts/layers/check.mjs [repository]

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cycleFaults, modelFaults, storeyFaults, timeAndChanceFaults } from './rules.mjs';
import { readCrate } from './rust.mjs';
import { typescriptArrows } from './typescript.mjs';

const TYPESCRIPT = ['web/client/src', 'web/pages/src'];
const LIBRARY = 'crates/countersign/src';

/** All faults of the repository at the working directory. */
export function faults() {
  const crates = readdirSync('crates').flatMap((name) => ['lib.rs', 'main.rs'].map((root) => join('crates', name, 'src', root)));
  const read = new Map(crates.filter((root) => existsSync(root)).map((root) => [root, readCrate(root)]));
  const library = read.get(join(LIBRARY, 'lib.rs'));
  return [
    ...[...read.values()].flatMap(({ arrows }) => cycleFaults(arrows)),
    ...TYPESCRIPT.flatMap((folder) => cycleFaults(typescriptArrows(filesIn(folder)))),
    ...storeyFaults(LIBRARY, library),
    ...timeAndChanceFaults(LIBRARY, library),
    ...modelFaults(LIBRARY, library),
  ];
}

function filesIn(folder) {
  return readdirSync(folder).filter((name) => name.endsWith('.ts')).map((name) => join(folder, name));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.chdir(process.argv[2] ?? fileURLToPath(new URL('../..', import.meta.url)));
  const found = faults();
  for (const { file, line, text } of found) console.error(`${file}:${line}: ${text}`);
  if (found.length > 0) {
    console.error(`${found.length} faults: see docs/ARCHITECTURE.md for what may use what`);
    process.exit(1);
  }
}
