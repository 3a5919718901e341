// One run: the cluster starts, people use it, its primary is lost again and again; then the checker reads the record.
import { parseArgs } from 'node:util';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Crowd, EDGE } from './browsers.mjs';
import { check } from './checker.mjs';
import { Cluster, root, until } from './cluster.mjs';
import { FAULTS, happen } from './faults.mjs';
import { History, read } from './history.mjs';
import { call, trust } from './http.mjs';
import { compare, sessionsAtTheEnd } from './sets.mjs';

const PEOPLE = 40;
const BETWEEN_FAULTS_MS = 8000;
const HOLD_MS = 5000;

const { values } = parseArgs({
  options: {
    failovers: { type: 'string', default: '6' },
    replication: { type: 'string', default: 'synchronous' },
    faults: { type: 'string', default: Object.keys(FAULTS).join(',') },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});

/** A small generator of numbers from 0 to 1, so that a seed gives the same faults again (mulberry32). */
function random(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

async function record({ failovers, replication, faults, seed }, path) {
  const next = random(Number(seed));
  const names = Array.from({ length: PEOPLE }, (_, number) => `person${number}`);
  const history = new History(path);
  history.note('run', { replication, seed });
  const cluster = new Cluster(replication);
  await cluster.start(names);
  trust(join(cluster.certificates, 'ca.pem'));
  await until('an edge that answers', async () => (await call(EDGE, 'GET', '/readyz')).status === 200);
  const crowd = new Crowd(history, names, random(Number(seed) + 1));
  crowd.start();
  const kinds = faults.split(',');
  for (let number = 0; number < Number(failovers); number += 1) {
    await sleep(BETWEEN_FAULTS_MS * (0.5 + next()));
    const fault = await happen(cluster, kinds[number % kinds.length], HOLD_MS * next(), sleep);
    history.note('fault', fault);
    const { kind, old, next: now, from, promoted, ended, healed } = fault;
    console.log(`${number + 1}. ${kind}: ${old} to ${now} in ${(promoted - from) / 1000} s, well ${(healed - ended) / 1000} s after it was over`);
    await compare(cluster, history);
  }
  await sleep(BETWEEN_FAULTS_MS);
  await crowd.stop();
  await compare(cluster, history);
  history.note('end', { sessions: await sessionsAtTheEnd(cluster) });
  await history.close();
}

const path = join(root, `target/cluster/history-${values.replication}.jsonl`);
console.log(`${values.failovers} fail-overs with ${values.replication} replication, seed ${values.seed}`);
await record(values, path);
const { violations, lost, measured } = check(read(path));
console.log(JSON.stringify({ lost, ...measured }, null, 2));
for (const violation of violations.slice(0, 20)) console.error(violation);
console.log(`${violations.length} violations; the record is ${path}`);
process.exit(violations.length > 0 ? 1 : 0);
