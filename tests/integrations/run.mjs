// Runs every case against every consumer: `node run.mjs [--all] [--write] [NAME...]`.
// Without `--all`, the consumers that need Debian packages or long builds are left out. `--write` notes the versions.
import { once } from 'node:events';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CASES, SPOOFED, STRANGER, fault } from './cases.mjs';
import { Place, consumersFolder } from './place.mjs';
import { USER, startWorld } from './world.mjs';

const RESPONSE_LIMIT_MS = 30_000;

const names = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const all = process.argv.includes('--all');

async function chosen() {
  const present = readdirSync(consumersFolder).sort();
  for (const name of names) if (!present.includes(name)) throw new Error(`there is no consumer ${name}: ${present.join(', ')}`);
  const consumers = [];
  for (const name of names.length ? names : present) {
    const { default: consumer } = await import(pathToFileURL(join(consumersFolder, name, 'consumer.mjs')));
    for (const differs of Object.keys(consumer.differs ?? {})) {
      if (!CASES.some((each) => each.name === differs)) throw new Error(`${name}: there is no case ${differs}`);
    }
    if (all || names.length || !consumer.deep) consumers.push({ name, ...consumer });
  }
  return consumers;
}

async function ask(port, { token, spoofed }, tokens) {
  const call = request({ host: '127.0.0.1', port, path: '/', agent: false });
  if (token) call.setHeader('Authorization', `Bearer ${tokens[token]}`);
  for (const name of spoofed ? SPOOFED.flatMap(spoofed) : []) call.setHeader(name, STRANGER);
  call.setTimeout(RESPONSE_LIMIT_MS, () => call.destroy(new Error('no response')));
  call.end();
  const [response] = await once(call, 'response');
  let body = '';
  for await (const chunk of response) body += chunk;
  return { status: response.statusCode, body, challenge: response.headers['www-authenticate'] };
}

/** @returns what is wrong with the consumer. */
async function examine(consumer, world) {
  const place = await Place.make(world, consumer.name);
  try {
    await consumer.start(place);
    const version = consumer.version(place);
    const faults = [];
    for (const each of CASES) {
      const problem = fault(each, consumer, await ask(place.port, each, world.tokens), USER);
      if (problem) faults.push(problem);
    }
    if (consumer.also) faults.push(...(await consumer.also(place, (token) => ask(place.port, { token: 'given' }, { given: token }))));
    if (faults.length) faults.push(place.log);
    return { version, faults };
  } catch (error) {
    return { version: '', faults: [`${error.stack}\n${place.log}`] };
  } finally {
    await place.stop();
  }
}

function noteVersions() {
  const file = new URL('versions.json', import.meta.url);
  const all = { ...JSON.parse(readFileSync(file, 'utf8')), ...versions };
  const sorted = Object.fromEntries(Object.entries(all).sort(([a], [b]) => a.localeCompare(b, 'en')));
  writeFileSync(file, `${JSON.stringify(sorted, null, 2)}\n`);
}

const consumers = await chosen();
const world = await startWorld();
const versions = {};
let failed = 0;
try {
  for (const consumer of consumers) {
    const from = performance.now();
    const { version, faults } = await examine(consumer, world);
    if (!faults.length) versions[consumer.name] = version;
    const seconds = ((performance.now() - from) / 1000).toFixed(1);
    console.log(`${faults.length ? 'FAILED' : 'ok'}  ${consumer.name} ${version}  ${seconds} s`);
    for (const problem of faults) console.log(`    ${problem.replaceAll('\n', '\n    ')}`);
    if (faults.length) failed += 1;
  }
} finally {
  await world.stop();
}
if (process.argv.includes('--write')) noteVersions();
console.log(`${consumers.length - failed} of ${consumers.length} consumers do as their guides say, in ${CASES.length} cases.`);
process.exitCode = failed ? 1 : 0;
