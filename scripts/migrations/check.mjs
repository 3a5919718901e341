#!/usr/bin/env node
// Checks every step of the tables, of both stores: may a node of the version before go on beside it? Prints every fault with
// its file. Usage: node scripts/migrations/check.mjs [repository]

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { faultsOf, faultsOfTable, stepsIn } from './rules.mjs';

const CRATE = 'crates/countersign';
const TABLES = { sqlite: 'src/store/sqlite/engine/schema.rs', postgres: 'src/store/postgres/engine/steps.rs' };

/** All faults of the repository at the working directory. */
export function faults() {
  return Object.entries(TABLES).flatMap(([engine, table]) => {
    const folder = join(CRATE, 'migrations', engine);
    const steps = stepsIn(readFileSync(join(CRATE, table), 'utf8'));
    if (steps.length === 0) return [{ file: join(CRATE, table), text: 'no steps were found in it' }];
    const ofTable = faultsOfTable(steps, readdirSync(folder).sort());
    const missing = new Set(ofTable.filter(({ text }) => text === 'there is no such file').map(({ name }) => name));
    const ofSteps = steps.filter(({ name }) => !missing.has(name)).flatMap((step) => {
      const sql = readFileSync(join(folder, step.name), 'utf8');
      return faultsOf({ engine, ...step, sql }).map((text) => ({ name: step.name, text }));
    });
    return [...ofTable, ...ofSteps].map(({ name, text }) => ({ file: join(folder, name), text }));
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.chdir(process.argv[2] ?? fileURLToPath(new URL('../..', import.meta.url)));
  const found = faults();
  for (const { file, text } of found) console.error(`${file}: ${text}`);
  if (found.length > 0) {
    console.error(`${found.length} faults: see docs/decisions/ for what a change of the tables may do`);
    process.exit(1);
  }
}
