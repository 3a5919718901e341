// One recorded run: the cluster starts, people use it, its primary is lost again and again.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Crowd, EDGE } from './browsers.mjs';
import { Cluster, until } from './cluster.mjs';
import { happen } from './faults.mjs';
import { History } from './history.mjs';
import { call, trust } from './http.mjs';
import { compare, sessionsAtTheEnd } from './sets.mjs';

const PEOPLE = 40;
const BETWEEN_FAULTS_MS = 8000;
const HOLD_MS = 5000;
/** By then everybody has done everything, and a planted mistake shows. */
const BUSY_MS = 45_000;

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

/** Records a run in the file `path`, with the mistake `planted` if there is one. */
export async function record({ faults, replication, seed, planted = {} }, path) {
  const next = random(seed);
  const names = Array.from({ length: PEOPLE }, (_, number) => `person${number}`);
  const history = new History(path);
  history.note('run', { replication, seed });
  const cluster = new Cluster(planted.replication ?? replication, planted);
  await cluster.start(names);
  trust(join(cluster.certificates, 'ca.pem'));
  await until('an edge that answers', async () => (await call(EDGE, 'GET', '/readyz')).status === 200);
  const crowd = new Crowd(history, names, random(seed + 1));
  await planted.begin?.(cluster);
  crowd.start();
  if (planted.amid) {
    await sleep(BUSY_MS);
    await planted.amid(cluster);
  }
  for (const [number, kind] of faults.entries()) {
    await sleep(BETWEEN_FAULTS_MS * (0.5 + next()));
    const fault = await happen(cluster, kind, HOLD_MS * next(), sleep);
    history.note('fault', fault);
    const { old, next: now, from, promoted, ended, healed } = fault;
    console.log(`${number + 1}. ${kind}: ${old} to ${now} in ${(promoted - from) / 1000} s, well ${(healed - ended) / 1000} s after it was over`);
    await compare(cluster, history);
  }
  await sleep(faults.length > 0 ? BETWEEN_FAULTS_MS : BUSY_MS);
  await crowd.stop();
  await compare(cluster, history);
  await planted.end?.(cluster);
  history.note('end', { sessions: await sessionsAtTheEnd(cluster) });
  await history.close();
  cluster.stop();
}
