// The published package, which is built before these tests run.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

test('the_package_holds_the_module_its_types_and_the_licences_and_nothing_else', () => {
  const [report] = JSON.parse(execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { encoding: 'utf8' })) as [
    { files: { path: string }[]; size: number },
  ];
  const paths = report.files.map(({ path }) => path).filter((path) => !path.startsWith('LICENSE-'));
  const types = ['client', 'environment', 'errors', 'exclusive', 'fetch', 'http', 'index', 'logout', 'refresh', 'session', 'types', 'wire'];
  assert.deepEqual(
    new Set(paths),
    new Set(['README.md', 'package.json', 'dist/index.js', ...types.map((name) => `dist/${name}.d.ts`)]),
  );
});

test('the_module_exports_the_public_api_and_can_be_imported_where_there_is_no_page', async () => {
  const url = pathToFileURL('dist/index.js').href;
  const module = (await import(url)) as Record<string, unknown>;
  assert.deepEqual(Object.keys(module).sort(), ['CountersignError', 'createClient']);
});
