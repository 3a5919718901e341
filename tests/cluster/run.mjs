// The command: a run with its verdict, or one for each planted mistake, which has to be found.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { check } from './checker.mjs';
import { root } from './cluster.mjs';
import { FAULTS } from './faults.mjs';
import { read } from './history.mjs';
import { PLANTED } from './planted.mjs';
import { record } from './record.mjs';

const { values } = parseArgs({
  options: {
    failovers: { type: 'string', default: '6' },
    replication: { type: 'string', default: 'synchronous' },
    faults: { type: 'string', default: Object.keys(FAULTS).join(',') },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    planted: { type: 'string' },
  },
});
const seed = Number(values.seed);
const SHOWN = 20;

async function plain() {
  const kinds = values.faults.split(',');
  const faults = Array.from({ length: Number(values.failovers) }, (_, number) => kinds[number % kinds.length]);
  console.log(`${faults.length} fail-overs with ${values.replication} replication, seed ${seed}`);
  const path = join(root, `target/cluster/history-${values.replication}.jsonl`);
  await record({ faults, replication: values.replication, seed }, path);
  const { violations, lost, measured } = check(read(path));
  console.log(JSON.stringify({ lost, ...measured }, null, 2));
  for (const violation of violations.slice(0, SHOWN)) console.error(violation);
  console.log(`${violations.length} violations; the record is ${path}`);
  return violations.length === 0;
}

async function isFound(name) {
  const planted = PLANTED[name];
  const path = join(root, 'target/cluster/history-planted.jsonl');
  await record({ faults: planted.faults ?? [], replication: 'synchronous', seed, planted }, path);
  const { violations } = check(read(path));
  const found = violations.filter((violation) => planted.rule.test(violation));
  console.log(`${name}: ${found.length > 0 ? `found, ${found.length} times` : 'NOT FOUND'}; the first: ${(found[0] ?? violations[0])?.slice(0, 300)}`);
  return found.length > 0;
}

async function planted(names) {
  let all = true;
  for (const name of names) all = (await isFound(name)) && all;
  return all;
}

const isGood = values.planted ? await planted(values.planted === 'all' ? Object.keys(PLANTED) : values.planted.split(',')) : await plain();
process.exit(isGood ? 0 : 1);
