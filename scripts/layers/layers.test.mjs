// Plants each fault in a small sound repository: the check must find it, and nothing else.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { faults } from './check.mjs';

const LIBRARY = 'crates/countersign/src';
/** Includes what looks like a fault and is none: strings, comments, tests, re-exports. */
const SOUND = {
  [`${LIBRARY}/lib.rs`]: 'mod base;\nmod flows;\nmod http;\nmod model;\nmod system;\npub use crate::system::Countersign;\n',
  [`${LIBRARY}/base/mod.rs`]: 'pub mod clock;\npub use clock::Clock;\n',
  [`${LIBRARY}/base/clock.rs`]: 'pub struct Clock;\nfn now() { std::time::SystemTime::now(); }\n',
  [`${LIBRARY}/model/mod.rs`]: [
    'pub mod session;',
    'pub mod account;',
    '/// No `async` here. /* One comment */ and "an open text',
    'fn text() -> char { let _ = "SystemTime /*"; let _ = r#"async " Store"#; \'"\' }',
    '#[cfg(test)]',
    'mod tests {',
    '    use crate::http::routes;',
    '    async fn waits() { std::time::Instant::now(); }',
    '}',
  ].join('\n'),
  [`${LIBRARY}/model/session.rs`]: 'use super::account::Account;\npub struct Session<\'a>(&\'a Account);\n',
  [`${LIBRARY}/model/account.rs`]: 'pub struct Account;\n',
  [`${LIBRARY}/system.rs`]: 'use crate::base::Clock;\npub struct Countersign(Clock);\n',
  [`${LIBRARY}/flows/mod.rs`]: 'mod embedded;\n',
  [`${LIBRARY}/flows/embedded.rs`]: 'use crate::Countersign;\nfn open() -> Countersign { Clock::system() }\n',
  [`${LIBRARY}/http/mod.rs`]: 'mod app;\nmod routes;\npub use routes::routes;\n',
  [`${LIBRARY}/http/app.rs`]: 'pub struct App(crate::Countersign);\n',
  [`${LIBRARY}/http/routes.rs`]: 'use super::app::App;\npub fn routes() -> App { todo() }\n',
  'crates/tool/src/main.rs': 'mod a;\nmod b;\nfn main() { a::run() }\n',
  'crates/tool/src/a.rs': 'use crate::b;\npub fn run() { b::help(); }\n',
  'crates/tool/src/b.rs': 'pub fn help() {}\n',
  'web/client/src/index.ts': "export type { A } from './a.ts';\n",
  'web/client/src/a.ts': "export interface A {}\n",
  'web/pages/src/page.ts': "import { a } from '../../client/src/a.ts';\n",
};

/** The faults of the repository with these files put in, as `file:line: text`. */
function faultsWith(changes) {
  const root = mkdtempSync(join(tmpdir(), 'layers-'));
  const home = process.cwd();
  try {
    for (const [file, text] of Object.entries({ ...SOUND, ...changes })) {
      mkdirSync(join(root, dirname(file)), { recursive: true });
      writeFileSync(join(root, file), text);
    }
    process.chdir(root);
    return faults().map(({ file, line, text }) => `${file}:${line}: ${text}`);
  } finally {
    process.chdir(home);
    rmSync(root, { recursive: true });
  }
}

test('a sound repository has no fault', () => {
  assert.deepEqual(faultsWith({}), []);
});

test('a cycle is found through re-exports, and printed with its path', () => {
  const found = faultsWith({ [`${LIBRARY}/base/clock.rs`]: 'use crate::base::id::Id;\npub struct Clock(Id);\n', [`${LIBRARY}/base/mod.rs`]: 'pub mod clock;\npub mod id;\npub use clock::Clock;\n', [`${LIBRARY}/base/id.rs`]: '\nuse crate::base::Clock;\npub struct Id(Clock);\n' });
  assert.deepEqual(found, [
    `${LIBRARY}/base/clock.rs:1: import cycle: uses crate::base::id::Id of ${LIBRARY}/base/id.rs\n    ${LIBRARY}/base/id.rs:2 uses crate::base::Clock of ${LIBRARY}/base/clock.rs`,
  ]);
});

test('a cycle is found that only a path inside a function closes', () => {
  const [found, ...others] = faultsWith({ 'crates/tool/src/b.rs': 'pub fn help() {\n    crate::a::run();\n}\n' });
  assert.deepEqual(others, []);
  assert.match(found, /^crates\/tool\/src\/a\.rs:2: import cycle: uses b::help .*\n +crates\/tool\/src\/b\.rs:2 uses crate::a::run/);
});

test('a cycle with the parent module is found', () => {
  const [found] = faultsWith({ 'crates/tool/src/b.rs': 'pub fn help() { super::main() }\n', 'crates/tool/src/main.rs': 'mod b;\nfn main() { b::help() }\n' });
  assert.match(found, /b\.rs:1: import cycle: uses super::main of crates\/tool\/src\/main\.rs/);
});

test('a cycle of TypeScript types is found', () => {
  const [found] = faultsWith({ 'web/client/src/a.ts': "import {\n  type B,\n} from './index.ts';\n" });
  assert.match(found, /^web\/client\/src\/a\.ts:3: import cycle: uses \.\/index\.ts/);
});

test('an arrow up is found', () => {
  const found = faultsWith({ [`${LIBRARY}/model/account.rs`]: 'pub struct Account;\n\nuse crate::http::routes;\n' });
  assert.deepEqual(found, [`${LIBRARY}/model/account.rs:3: an arrow up: uses crate::http::routes of ${LIBRARY}/http/routes.rs`]);
});

test('a file on no storey is found', () => {
  const found = faultsWith({ [`${LIBRARY}/system.rs`]: 'pub struct Countersign;\n', [`${LIBRARY}/lib.rs`]: `mod attic;\n${SOUND[`${LIBRARY}/lib.rs`]}`, [`${LIBRARY}/attic.rs`]: '\n' });
  assert.deepEqual(found, [`${LIBRARY}/attic.rs:1: a file on no storey`]);
});

test('a request for the time or randomness of the system is found outside base', () => {
  const found = faultsWith({ [`${LIBRARY}/http/app.rs`]: 'pub struct App;\nfn now() { Instant::now(); rand::rng(); }\n' });
  assert.deepEqual(found.map((fault) => fault.split(': ').at(-1)), ['Instant::now', 'rand::rng']);
});

test('a needless exception is found', () => {
  const found = faultsWith({ [`${LIBRARY}/flows/embedded.rs`]: '\n' });
  assert.deepEqual(found, [`${LIBRARY}/flows/embedded.rs:1: an exception that is no longer needed`]);
});

test('a rule that waits, or that knows the store, is found', () => {
  const found = faultsWith({ [`${LIBRARY}/model/account.rs`]: 'pub struct Account;\nasync fn load(store: &impl Store) {}\n' });
  assert.deepEqual(found.map((fault) => fault.split(': ').at(-1)), ['async', 'Store']);
});
