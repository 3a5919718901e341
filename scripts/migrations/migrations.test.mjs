// Each kind of harmful change has to be found, and each harmless one has to pass.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faults } from './check.mjs';
import { faultsOf, faultsOfTable, statements, stepsIn } from './rules.mjs';

const check = (sql, { engine = 'postgres', kind = 'expand' } = {}) => faultsOf({ engine, name: 'V0042__x.sql', kind, sql });

test('what older nodes do not notice passes', () => {
  for (const sql of [
    'ALTER TABLE sessions ADD COLUMN device text;',
    "alter table sessions add column device text not null default 'none; or; so'; -- a comment; with a semicolon",
    'ALTER TABLE accounts ADD COLUMN n bigint NOT NULL DEFAULT -1 CHECK (n < 5);',
    'CREATE TABLE a (id uuid PRIMARY KEY); CREATE UNIQUE INDEX of_a ON a (id); INSERT INTO a VALUES (1);',
    "INSERT INTO locks (name) VALUES ('clients')",
    'ALTER TABLE master_keys ADD COLUMN used_at bigint; UPDATE master_keys SET used_at = (extract(epoch FROM clock_timestamp()) * 1000)::bigint',
    'CREATE TABLE a (id uuid); ALTER TABLE a ADD CONSTRAINT c CHECK (id IS NOT NULL);',
  ]) assert.deepEqual(check(sql), [], sql);
  assert.deepEqual(check('CREATE INDEX i ON sessions (device)', { engine: 'sqlite' }), []);
  assert.deepEqual(check('CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON sessions (device)', { kind: 'index' }), []);
  assert.deepEqual(check('ALTER TABLE sessions RENAME TO s', { kind: 'contract' }), []);
});

test('what harms an older node, or locks a table for long, is found', () => {
  for (const [sql, expected] of [
    ['ALTER TABLE sessions RENAME COLUMN address TO ip', /not known to be harmless/],
    ['ALTER TABLE sessions RENAME TO logins', /not known to be harmless/],
    ['ALTER TABLE sessions ALTER COLUMN address TYPE inet', /not known to be harmless/],
    ['ALTER TABLE sessions ALTER COLUMN address SET NOT NULL', /not known to be harmless/],
    ['ALTER TABLE sessions DROP COLUMN address', /not known to be harmless/],
    ['DROP TABLE probe', /not known to be harmless/],
    ['UPDATE sessions SET amr = 1', /not known to be harmless/],
    ["UPDATE master_keys SET fingerprint = ''", /not known to be harmless/],
    ['ALTER TABLE accounts ADD COLUMN n bigint; UPDATE accounts SET n = 1', /not known to be harmless/],
    ['ALTER TABLE master_keys ADD COLUMN n bigint; UPDATE master_keys SET n = 1, number = 2', /not known to be harmless/],
    ['INSERT INTO locks VALUES (1)', /not known to be harmless/],
    ['CREATE TABLE IF NOT EXISTS a (id uuid)', /not known to be harmless/],
    ['ALTER TABLE sessions ADD CONSTRAINT c CHECK (amr > 1)', /not known to be harmless/],
    ['ALTER TABLE sessions ADD COLUMN device text NOT NULL', /older nodes leave out/],
    ['ALTER TABLE sessions ADD COLUMN at timestamptz DEFAULT now()', /no constant/],
    ['ALTER TABLE sessions ADD COLUMN id uuid NOT NULL DEFAULT gen_random_uuid()', /no constant/],
    ['ALTER TABLE sessions ADD COLUMN n bigint NOT NULL DEFAULT (1 + random())', /no constant/],
    ["ALTER TABLE sessions ADD COLUMN n text DEFAULT 'now'::timestamptz", /no constant/],
    ['ALTER TABLE sessions ADD COLUMN n bigint UNIQUE', /every row/],
    ['ALTER TABLE sessions ADD COLUMN n bigint GENERATED ALWAYS AS (1) STORED', /every row/],
    ['ALTER TABLE sessions ADD COLUMN n bigint, DROP COLUMN amr', /more than one/],
    ['CREATE INDEX i ON sessions (device)', /Step::index/],
    ['CREATE TABLE a (id uuid); CREATE INDEX i ON sessions (device)', /Step::index/],
  ]) {
    const found = check(sql);
    assert.equal(found.length, 1, sql);
    assert.match(found[0], expected);
  }
  assert.equal(check('CREATE UNIQUE INDEX i ON sessions (device)', { engine: 'sqlite' }).length, 1);
  for (const sql of [
    'CREATE INDEX i ON sessions (device)',
    'CREATE INDEX CONCURRENTLY i ON sessions (device)',
    'CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON sessions (device); CREATE TABLE a (id uuid)',
  ]) assert.equal(check(sql, { kind: 'index' }).length, 1, sql);
});

test('a table of steps names every file once, in order, and only a contract shuts older nodes out', () => {
  const rust = [
    '    Step::expand(9, 9, include_str!("../V0009__initial.sql")),',
    '    Step::index(42, 9, "i", include_str!("../V0042__i.sql")),',
    '    Step::contract(43, 42, include_str!("../V0043__drop.sql")),',
  ].join('\n');
  const steps = stepsIn(rust);
  const files = ['V0009__initial.sql', 'V0042__i.sql', 'V0043__drop.sql'];
  assert.deepEqual(faultsOfTable(steps, files), []);
  const faultsWith = (change, at) => faultsOfTable(steps.map((step, n) => (n === at ? { ...step, ...change } : step)), files);
  assert.match(faultsWith({ oldestReader: 42 }, 1)[0].text, /without being a contract/);
  assert.match(faultsWith({ oldestReader: 44 }, 2)[0].text, /newer than itself/);
  assert.match(faultsWith({ version: 44 }, 1)[0].text, /is step 44/);
  assert.match(faultsOfTable([steps[1], steps[0]], files)[0].text, /without being|comes after/);
  assert.match(faultsOfTable(steps, files.slice(1))[0].text, /no such file/);
  assert.match(faultsOfTable(steps.slice(1), files).at(-1).text, /in no table/);
});

test('texts and comments do not divide statements', () => {
  assert.deepEqual(statements("a 'x;y' b; /* ; */ c -- ;\n d;"), ["a 'x;y' b", 'c d']);
});

test('the steps of this repository pass', () => {
  process.chdir(new URL('../..', import.meta.url).pathname);
  assert.deepEqual(faults(), []);
});
