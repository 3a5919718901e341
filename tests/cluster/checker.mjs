// What must hold in a recorded run, whatever failed. It believes the responses, and compares them with each other and with what
// the database had at the end. What only asynchronous replication may lose is counted, not forgiven: a loss has to lie where a
// fail-over explains it.

/** From a log-out to the last request that any node lets in. */
const P99_MS = 400;
const LIMIT_MS = 2000;
/** What was acknowledged so shortly before the primary was lost may not have reached a standby. */
const REPLICATED_MS = 2000;
/** Access tokens run for fifteen minutes. */
const TOKEN_LIFE_MS = 14 * 60_000;

function groupBy(all, keyOf) {
  const groups = new Map();
  for (const one of all) {
    const key = keyOf(one);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(one);
  }
  return groups;
}

/** Faults found, and what was lost and measured. */
export function check({ run: [{ replication }], operation: operations, fault: faults, sets, end: [end] }) {
  const found = { violations: [], lost: {}, measured: {} };
  const bySession = groupBy(operations.filter(({ session }) => session), ({ session }) => session);
  const byPerson = groupBy(operations, ({ person }) => person);
  const view = { replication, operations, faults, bySession, byPerson, sessions: sessionsOf(operations), end, sets, found };
  endedStayEnded(view);
  nobodyIsLoggedOut(view);
  oneLineage(view);
  passwordsHold(view);
  databaseIsNotBehind(view);
  setsAreEqual(view);
  count(view);
  found.lost = Object.fromEntries(Object.entries(found.lost).map(([what, keys]) => [what, keys.size]));
  return found;
}

const violation = ({ found }, rule, operation, why) => found.violations.push(`${rule}: ${why}: ${JSON.stringify(operation)}`);

/** With asynchronous replication, what was acknowledged about the time of a fail-over may be lost. */
function mayBeLost({ replication, faults }, acknowledged) {
  return replication === 'asynchronous' && faults.some(({ from, ended }) => acknowledged > from - REPLICATED_MS && acknowledged < ended + LIMIT_MS);
}

function loss(view, what, key, acknowledged, operation) {
  if (mayBeLost(view, acknowledged)) (view.found.lost[what] ??= new Set()).add(key);
  else violation(view, what, operation, 'was acknowledged and is lost');
}

/** Each session's beginning, with whose it is. */
function sessionsOf(operations) {
  const logins = operations.filter(({ kind, status }) => kind === 'login' && status === 200);
  return new Map(logins.map(({ given, person, at, end }) => [given.session, { person, at, end }]));
}

/** What ends a session for certain, or may have. */
function endsOf({ bySession, byPerson, sessions }, session) {
  const { person, end: began } = sessions.get(session);
  const own = bySession.get(session).filter(({ kind }) => kind === 'logout' || kind === 'theft');
  const others = byPerson.get(person).filter((it) => it.kind === 'password' && it.session !== session && it.end > began);
  const isCertain = (it) => (it.kind === 'theft' ? it.status === 401 : it.status === 204 && it.at > began);
  return [...own, ...others].map((it) => ({ ...it, isCertain: isCertain(it) }));
}

/** When a node may not know what others know: from a fault until it works with the new primary. */
function troubles(faults, node) {
  return faults.map(({ from, ready }) => ({ from, to: ready[node] ?? Infinity }));
}

/** From when on a node must know what was acknowledged on another at this time, without trouble meanwhile. */
function knownFrom(faults, acknowledged, nodes, bound) {
  let known = acknowledged;
  const all = nodes.flatMap((node) => troubles(faults, node)).sort((a, b) => a.from - b.from);
  for (const { from, to } of all) if (from < known + bound && to > known) known = to;
  return known + bound;
}

/** No session whose end was acknowledged works again. */
function endedStayEnded(view) {
  const delays = [];
  for (const [session, operations] of view.bySession) {
    if (!view.sessions.has(session)) continue;
    const ends = endsOf(view, session).filter(({ isCertain }) => isCertain);
    const first = ends.sort((a, b) => a.end - b.end)[0];
    if (!first) continue;
    let delay = 0;
    for (const it of operations) {
      if (it.status !== 200 || it.at <= first.end || !['profile', 'refresh', 'ghost', 'theft'].includes(it.kind)) continue;
      const nodes = [first.node, it.node];
      if (it.at > knownFrom(view.faults, first.end, nodes, LIMIT_MS)) violation(view, 'ended session', it, `let in ${it.at - first.end} ms after its end`);
      delay = Math.max(delay, it.at - knownFrom(view.faults, first.end, nodes, P99_MS) + P99_MS);
    }
    delays.push(delay);
  }
  const late = delays.filter((delay) => delay > P99_MS);
  if (late.length > delays.length / 100) violation(view, 'ended session', late, `of ${delays.length}, more than 1 % worked for longer than ${P99_MS} ms`);
  view.found.measured.ended = delays.length;
  view.found.measured.slowest_ms = Math.max(0, ...delays);
}

/** No honest client is refused while its session lives. */
function nobodyIsLoggedOut(view) {
  for (const [session, operations] of view.bySession) {
    const began = view.sessions.get(session);
    if (!began) continue;
    const ends = endsOf(view, session);
    let renewed = began.end;
    for (const it of operations) {
      if (it.kind === 'refresh' && it.status === 200) renewed = it.end;
      const isRefused = it.status === 401 && ['refresh', 'profile', 'logout', 'password'].includes(it.kind);
      if (!isRefused || ends.some(({ at }) => at < it.end)) continue;
      if (it.kind !== 'refresh' && it.at - renewed > TOKEN_LIFE_MS) continue;
      // A node that has just come back asks the store about tokens that it has not seen: it refuses what was lost.
      if (it.kind === 'refresh' || mayBeLost(view, began.end)) loss(view, 'sign-in', session, began.end, it);
      else violation(view, 'access token', it, 'an honest client was refused');
      break;
    }
  }
}

/** A token leads to itself or to its successor, and one that was replaced twice to nothing. */
function oneLineage(view) {
  for (const operations of view.bySession.values()) {
    for (const it of operations) {
      if (it.status !== 200) continue;
      if (it.kind === 'theft') loss(view, 'rotation', it.session, it.at, it);
      const step = it.given && it.kind === 'refresh' ? it.given.generation - it.generation : 1;
      if (step < 0 || step > 1 || (it.given && it.session && it.given.session !== it.session)) violation(view, 'lineage', it, 'not its successor');
    }
  }
}

/** The password that was set last is the one that works. */
function passwordsHold(view) {
  for (const operations of view.byPerson.values()) {
    const changes = operations.filter(({ kind }) => kind === 'password').map((it) => ({ ...it, isKnown: it.status === 204 }));
    const tried = changes.filter(({ status }) => status === undefined || status === 204 || status >= 500);
    for (const it of operations.filter(({ kind }) => kind === 'login')) {
      const own = tried.find(({ password }) => password === it.password) ?? { at: 0, end: 0, isKnown: true };
      const later = tried.filter(({ at }) => at > own.at);
      const replaced = later.find((change) => change.isKnown && own.isKnown && change.at >= own.end && change.end < it.at);
      if (it.status === 200 && replaced) loss(view, 'password', it.person + replaced.password, replaced.end, it);
      if (it.status === 401 && own.isKnown && own.end < it.at && !later.some(({ at }) => at < it.end)) loss(view, 'password', it.person + it.password, own.end, it);
    }
  }
}

/** After everybody has refreshed once more, no row is older than what its client holds. */
function databaseIsNotBehind(view) {
  const stored = new Map(view.end.sessions.map(({ id, generation, ended }) => [id, { generation, ended }]));
  for (const [session, operations] of view.bySession) {
    const given = Math.max(-1, ...operations.filter(({ kind, status }) => kind === 'refresh' && status === 200).map((it) => it.given?.generation ?? it.generation));
    const row = stored.get(session);
    if (row && !row.ended && row.generation < given) violation(view, 'generation', { session, ...row }, `a client holds ${given}`);
    const end = view.sessions.has(session) && endsOf(view, session).find(({ isCertain }) => isCertain);
    if (row && !row.ended && end) violation(view, 'ended session', end, 'the database has it alive at the end');
  }
}

/** What has ended in the database has ended on every node, and the other way round. */
function setsAreEqual(view) {
  for (const it of view.sets) {
    if (it.missing.length > 0) violation(view, 'sets', it, 'a node lacks sessions that have ended');
    if (it.extra.length > 0) violation(view, 'sets', it, 'sessions that have ended on a node live in the database');
  }
}

function count({ operations, faults, found }) {
  found.measured.operations = Object.fromEntries([...groupBy(operations, ({ kind }) => kind)].map(([kind, all]) => [kind, all.length]));
  found.measured.rotations = operations.filter(({ kind, given, generation }) => kind === 'refresh' && given?.generation > generation).length;
  found.measured.unanswered = operations.filter(({ status }) => status === undefined || status >= 500).length;
  found.measured.faults = Object.fromEntries(
    [...groupBy(faults, ({ kind }) => kind)].map(([kind, all]) => [kind, { happened: all.length, slowest_promotion_ms: Math.max(...all.map(({ from, promoted }) => promoted - from)) }]),
  );
}
