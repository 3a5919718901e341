// The published package, which is built before these tests run.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

test('the_package_holds_the_modules_their_types_and_the_licences_and_nothing_else', () => {
  const [report] = JSON.parse(execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { encoding: 'utf8' })) as [
    { files: { path: string }[]; size: number },
  ];
  const paths = report.files.map(({ path }) => path).filter((path) => !path.startsWith('LICENSE-'));
  const types = ['client', 'environment', 'errors', 'exclusive', 'fetch', 'http', 'index', 'logout', 'refresh', 'session', 'types', 'wire', ...['call', 'index', 'mail', 'sha256', 'shown', 'sign-in', 'types', 'work'].map((name) => `account/${name}`), ...['index', 'keys', 'proof'].map((name) => `device/${name}`), ...['autofill', 'ceremony', 'controller', 'index', 'json', 'kept', 'signal', 'types'].map((name) => `passkeys/${name}`), ...['challenge', 'index', 'renew', 'types'].map((name) => `step-up/${name}`)];
  assert.deepEqual(
    new Set(paths),
    new Set(['README.md', 'package.json', 'dist/index.js', 'dist/account.js', 'dist/device.js', 'dist/passkeys.js', 'dist/step-up.js', ...types.map((name) => `dist/${name}.d.ts`)]),
  );
});

test('a_project_takes_the_package_from_the_repository_as_the_readme_says', () => {
  const project = mkdtempSync(join(tmpdir(), 'countersign-client-'));
  try {
    execFileSync('npm', ['pack', '--silent', '--pack-destination', project], { stdio: 'pipe' });
    const [archive] = readdirSync(project) as [string];
    assert.equal(archive, 'countersign-client-0.1.0.tgz');
    writeFileSync(join(project, 'package.json'), '{ "type": "module" }');
    execFileSync('npm', ['install', '--offline', '--no-audit', '--no-fund', '--silent', `./${archive}`], { cwd: project });
    assert.deepEqual(
      readdirSync(join(project, 'node_modules/@countersign/client')).filter((name) => name.startsWith('LICENSE-')),
      ['LICENSE-APACHE', 'LICENSE-MIT'],
    );
    const program = "import { createClient } from '@countersign/client'; import { createSelfService } from '@countersign/client/account'; import { createDeviceProof } from '@countersign/client/device'; import { createPasskeys } from '@countersign/client/passkeys'; import { createStepUp } from '@countersign/client/step-up'; console.log(typeof createClient, typeof createSelfService, typeof createDeviceProof, typeof createPasskeys, typeof createStepUp);";
    const said = execFileSync(process.execPath, ['--input-type=module', '--eval', program], { cwd: project, encoding: 'utf8' });
    assert.equal(said, 'function function function function function\n');
  } finally {
    rmSync(project, { recursive: true, force: true });
  }
});

test('the_module_exports_the_public_api_and_can_be_imported_where_there_is_no_page', async () => {
  const url = pathToFileURL('dist/index.js').href;
  const module = (await import(url)) as Record<string, unknown>;
  assert.deepEqual(Object.keys(module).sort(), ['CountersignError', 'createClient']);
});

type Modules = [typeof import('../src/index.ts'), typeof import('../src/account/index.ts'), typeof import('../src/step-up/index.ts'), typeof import('../src/passkeys/index.ts')];

test('the_other_modules_have_the_errors_of_the_first', async () => {
  const [core, account, stepUp, passkeys] = (await Promise.all(['index', 'account', 'step-up', 'passkeys'].map((name) => import(pathToFileURL(`dist/${name}.js`).href)))) as Modules;
  assert.deepEqual([account, stepUp, passkeys].map((module) => Object.keys(module)), [['createSelfService'], ['createStepUp'], ['createPasskeys']]);
  const client = core.createClient({ baseUrl: 'https://id.example' });
  await assert.rejects(account.createSelfService(client).verifyEmail('no code'), core.CountersignError);
  const { fetch } = stepUp.createStepUp(
    { ...client, token: async () => 'a token', fetch: async (input) => new Response(null, { status: new Request(input).url.endsWith('/orders') ? 401 : 500, headers: { 'WWW-Authenticate': 'Bearer error="insufficient_user_authentication"' } }) },
    { reauthenticate: (demand) => demand.show({}) },
  );
  await assert.rejects(fetch('https://id.example/orders'), core.CountersignError);
  await assert.rejects(passkeys.createPasskeys(client).signIn(), core.CountersignError);
});
