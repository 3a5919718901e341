// The sessions that have ended: what the database has, what each node has, and what one of them lacks a second later.
import { setTimeout as sleep } from 'node:timers/promises';
import { call } from './http.mjs';

const TIME_MS = 1000;

export async function compare(cluster, history) {
  const before = await inDatabase(cluster);
  await sleep(TIME_MS);
  const nodes = await Promise.all(cluster.nodes.map((node) => onNode(cluster, node)));
  // A session that is not there cannot be alive.
  const all = [...new Set(nodes.flatMap((set) => [...set]))];
  const alive = new Set(all.length === 0 ? [] : await lines(cluster, `SELECT id FROM sessions WHERE revoked_at IS NULL AND id IN (${all.map((id) => `'${id}'`)})`));
  nodes.forEach((set, index) => {
    const missing = before.filter((id) => !set.has(id));
    const extra = [...set].filter((id) => alive.has(id));
    history.note('sets', { at: Date.now(), node: cluster.nodes[index].name, size: set.size, missing, extra });
  });
}

/** The database keeps each for an hour longer than it is listed, in case a clock is set back. */
const KEPT_LONGER_MS = 3_600_000;

/** Those that stay listed for long enough to be compared. */
const inDatabase = (cluster) => lines(cluster, `SELECT session_id FROM revocations WHERE until > extract(epoch FROM now()) * 1000 + ${KEPT_LONGER_MS + 30_000}`);

async function lines(cluster, sql) {
  return (await cluster.sql(sql)).split('\n').filter(Boolean);
}

async function onNode({ feedKey }, { name }) {
  const { status, body } = await call(`http://${name}:3000`, 'GET', '/api/revocations', { token: feedKey });
  if (status !== 200) throw new Error(`${name} does not show what has ended: ${status}`);
  return new Set(body.revoked.flatMap(({ sid }) => sid));
}

/** What the database has of all sessions. */
export async function sessionsAtTheEnd(cluster) {
  const rows = await lines(cluster, 'SELECT id, generation, revoked_at IS NOT NULL FROM sessions');
  return rows.map((row) => {
    const [id, generation, ended] = row.split('|');
    return { id, generation: Number(generation), ended: ended === 't' };
  });
}
