// What happens to the primary's machine: each fault begins, another machine becomes primary, and the fault is over some seconds
// later. The machine and what was lost with it come back by themselves, as they would at a customer's.
import { execFileSync } from 'node:child_process';
import { DATABASE, until } from './cluster.mjs';

const FAIL_OVER_LIMIT_MS = 120_000;
const HEAL_LIMIT_MS = 240_000;

export const FAULTS = {
  /** The database, Patroni and etcd of the machine crash; its node lives. */
  kill: {
    begin: (cluster, old) => old.kill(DATABASE),
    end: (cluster, old) => cluster.startDatabase(old),
  },
  /** The whole machine crashes, with its node. */
  power: {
    begin: (cluster, old) => old.kill(),
    end(cluster, old) {
      cluster.startDatabase(old);
      cluster.startNode(old);
    },
  },
  /** The machine stands still, and goes on where it was: as primary, for all that it knows. */
  stop: {
    begin: (cluster, old) => old.signal('SIGSTOP'),
    end: (cluster, old) => old.signal('SIGCONT'),
  },
  /** The other two machines do not hear it, nor it them; browsers reach all three. */
  cut: {
    begin(cluster, old) {
      const others = cluster.nodes.filter((node) => node !== old).map(({ address }) => address).join(', ');
      const rules = ['input', 'output'].map((way) => {
        const end = way === 'input' ? 'saddr' : 'daddr';
        return `chain ${way} { type filter hook ${way} priority 0; ip ${end} { ${others} } drop; }`;
      });
      old.run('nft', ['-f', '-'], { input: `table ip cut {\n${rules.join('\n')}\n}` });
    },
    end: (cluster, old) => old.run('nft', ['delete', 'table', 'ip', 'cut']),
  },
  /** Its cable is out: nobody reaches it. */
  unplug: {
    begin: (cluster, old) => execFileSync('ip', ['link', 'set', old.name, 'down']),
    end: (cluster, old) => execFileSync('ip', ['link', 'set', old.name, 'up']),
  },
  /** An operator asks for another primary. */
  switchover: {
    begin: (cluster, old) => cluster.control('switchover', '--force', '--leader', old.name),
    end() {},
  },
};

/** Lets one happen, from a cluster that is well to one that is well again. Gives what happened when. */
export async function happen(cluster, kind, holdMs, wait) {
  const old = await until('one primary', () => cluster.primary());
  const others = cluster.nodes.filter((node) => node !== old);
  const fault = { kind, old: old.name, from: Date.now(), ready: {} };
  cluster.away = old;
  FAULTS[kind].begin(cluster, old);
  const next = await until('another primary', () => cluster.primary(others), FAIL_OVER_LIMIT_MS);
  Object.assign(fault, { next: next.name, promoted: Date.now() });
  const ready = async (node) => {
    await until(`${node.name} ready`, () => cluster.isReady(node), HEAL_LIMIT_MS);
    fault.ready[node.name] = Date.now();
  };
  await Promise.all(others.map(ready));
  await wait(holdMs);
  fault.ended = Date.now();
  FAULTS[kind].end(cluster, old);
  cluster.away = undefined;
  await until('a cluster that is well again', () => cluster.isWell(), HEAL_LIMIT_MS);
  await ready(old);
  fault.healed = Date.now();
  return fault;
}
