// Which version of a consumer runs.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { program } from './place.mjs';

export function nodePackage(name) {
  const { version } = JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url), 'utf8'));
  return `${name} ${version}`;
}

export function pythonPackage(name) {
  const query = 'import importlib.metadata, sys; print(importlib.metadata.version(sys.argv[1]))';
  return `${name} ${execFileSync(program('python'), ['-c', query, name], { encoding: 'utf8' }).trim()}`;
}

export function debianPackage(name) {
  const version = execFileSync('dpkg-query', ['--show', '--showformat=${Version}', name], { encoding: 'utf8' });
  return `${name} ${version.replace(/^\d+:/, '').replace(/[-+~].*/, '')}`;
}
