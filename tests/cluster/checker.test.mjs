// The checker on short records: one that is as it should be, and one with each thing that must not happen.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { check } from './checker.mjs';

const S = 'session';
const login = { kind: 'login', person: 'ada', at: 0, end: 10, node: 'node1', status: 200, password: 'first', given: { session: S, generation: 0 } };
const operation = (kind, at, status, more) => ({ kind, person: 'ada', at, end: at + 10, node: 'node1', session: S, status, ...more });
const refresh = (at, generation, given, more) => operation('refresh', at, 200, { generation, given: given === undefined ? undefined : { session: S, generation: given }, ...more });
const fault = { kind: 'kill', old: 'node1', next: 'node2', from: 5000, promoted: 20_000, ended: 25_000, healed: 30_000, ready: { node1: 30_000, node2: 21_000, node3: 22_000 } };
const row = { id: S, generation: 1, ended: false };

function verdict(operations, { replication = 'synchronous', sessions = [row], sets = [], faults = [] } = {}) {
  return check({ run: [{ replication }], operation: [login, ...operations], fault: faults, sets, end: [{ sessions }] });
}

const says = (rule, found) => assert.ok(found.violations.some((violation) => violation.startsWith(rule)), `${rule}: ${JSON.stringify(found)}`);
const ended = { ...row, ended: true };

test('a record without a fault', () => {
  const operations = [
    refresh(100, 0),
    refresh(70_000, 0, 1),
    // Its response was lost, so it was sent again.
    refresh(70_100, 0, 1),
    operation('profile', 70_200, 200),
    operation('password', 70_300, 204, { password: 'second' }),
    { ...login, at: 70_400, end: 70_410, password: 'second', given: { session: 'another', generation: 0 } },
    operation('logout', 71_000, 204),
    operation('ghost', 71_200, 200),
    operation('ghost', 71_500, 401),
  ];
  const found = verdict(operations, { sessions: [{ ...ended }] });
  assert.deepEqual(found.violations, []);
  assert.equal(found.measured.slowest_ms, 190);
});

test('what must not happen', () => {
  says('ended session', verdict([operation('logout', 100, 204), operation('ghost', 3000, 200)], { sessions: [ended] }));
  says('ended session', verdict([operation('logout', 100, 204)]));
  says('sign-in', verdict([refresh(100, 0), operation('refresh', 200, 401)]));
  says('access token', verdict([operation('profile', 100, 401)]));
  says('lineage', verdict([refresh(100, 0, 2)]));
  says('lineage', verdict([refresh(100, 2, 1)]));
  says('rotation', verdict([operation('theft', 100, 200, { generation: 0 })]));
  says('password', verdict([operation('password', 100, 204, { password: 'second' }), { ...login, at: 200, end: 210 }]));
  says('password', verdict([{ ...login, at: 200, end: 210, status: 401, given: undefined }]));
  says('generation', verdict([refresh(100, 0, 1), refresh(70_000, 1, 2)]));
  says('sets', verdict([], { sets: [{ node: 'node1', missing: [S], extra: [] }] }));
  says('sets', verdict([], { sets: [{ node: 'node1', missing: [], extra: [S] }] }));
});

test('a fail-over excuses the time that it takes, and no more', () => {
  const logout = operation('logout', 4900, 204);
  const tried = (at, node) => verdict([logout, operation('ghost', at, 200, { node })], { sessions: [ended], faults: [fault] }).violations;
  assert.deepEqual(tried(20_500, 'node2'), []);
  assert.notDeepEqual(tried(40_000, 'node2'), []);
});

test('what asynchronous replication loses is counted where a fail-over explains it', () => {
  const change = (at) => [operation('password', at, 204, { password: 'second' }), { ...login, at: 40_000, end: 40_010, given: { session: 'another', generation: 0 } }];
  const found = verdict(change(4000), { replication: 'asynchronous', faults: [fault] });
  assert.deepEqual([found.violations, found.lost], [[], { password: 1 }]);
  says('password', verdict(change(1000), { replication: 'asynchronous', faults: [fault] }));
  says('password', verdict(change(4000), { faults: [fault] }));
});
