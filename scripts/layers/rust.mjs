// Which file of a Rust crate uses which other one.
//
// An arrow is a `use` or a path inside code, resolved through re-exports to the file that defines the item.
// Declaring or re-exporting a child is no arrow. Not seen: methods and fields (they need types), and names
// that only a macro's expansion contains.

import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { blockEnd, code, lineOf, withoutTests } from './rust_text.mjs';

const DECLARATION = /\bmod\s+(\w+)\s*([;{])/g;
const USE = /(\bpub(?:\s*\([^)]*\))?\s+)?\buse\s+([^;]+);/g;
const PATH = /(?<![\w:.$])\w+(?:\s*::\s*\w+)+/g;
const DEFINITION = /\b(?:fn|struct|enum|trait|type|const|static|union|macro_rules!)\s+(\w+)/g;
const ABSOLUTE = new Set(['crate', 'self', 'super']);

/**
 * Reads the crate with this root (`src/lib.rs` or `src/main.rs`): the arrows `{ from, to, line, name }`
 * between its files, and the code of each file without its tests.
 */
export function readCrate(rootFile) {
  const modules = everyModule(fileModule(rootFile));
  return { arrows: modules.flatMap(arrowsOf), files: new Map(modules.map(({ file, whole }) => [file, whole])) };
}

const everyModule = (module) => [module, ...[...module.children.values()].flatMap(everyModule)];

function fileModule(file, parent) {
  const whole = withoutTests(code(readFileSync(file, 'utf8')));
  return moduleOf({ file, parent, whole }, 0, whole.length);
}

/** The module between `start` and `end` of a file, with its children: other files, or blocks of this one. */
function moduleOf({ file, parent, whole }, start, end) {
  const module = { file, parent, whole, children: new Map(), uses: [], names: new Set(), text: '' };
  let text = ' '.repeat(start) + whole.slice(start, end);
  for (const { 0: matched, 1: name, 2: mark, index } of [...text.matchAll(DECLARATION)]) {
    if (text[index] === ' ') continue;
    if (mark === ';') {
      const path = childFile(file, parent, name);
      if (path) module.children.set(name, fileModule(path, module));
      continue;
    }
    const open = index + matched.length - 1;
    const close = blockEnd(text, open);
    module.children.set(name, moduleOf({ file, parent: module, whole }, open + 1, close - 1));
    text = text.slice(0, index) + ' '.repeat(close - index) + text.slice(close);
  }
  for (const { 1: visibility, 2: tree, index } of text.matchAll(USE)) {
    for (const leaf of leaves(tree)) module.uses.push({ ...leaf, offset: index, isReexport: visibility !== undefined });
  }
  module.text = text.replace(USE, (use) => use.replace(/[^\n]/g, ' '));
  for (const [, name] of module.text.matchAll(DEFINITION)) module.names.add(name);
  return module;
}

function childFile(file, parent, name) {
  const own = basename(file, '.rs');
  const isRoot = parent === undefined || own === 'mod';
  const folder = isRoot ? dirname(file) : join(dirname(file), own);
  return [join(folder, `${name}.rs`), join(folder, name, 'mod.rs')].find((path) => existsSync(path));
}

/** `a::{b as c, d::*}` as the leaves `{ path: [a, b], name: c }` and `{ path: [a, d], name: '*' }`. */
function leaves(tree, before = []) {
  const open = tree.indexOf('{');
  if (open < 0) {
    const [path, alias] = tree.trim().split(/\s+as\s+/);
    const segments = [...before, ...path.split('::').map((part) => part.trim()).filter(Boolean)];
    const last = segments.at(-1);
    if (last === '*') return [{ path: segments.slice(0, -1), name: '*' }];
    if (last === 'self' && segments.length > 1) segments.pop();
    return [{ path: segments, name: alias ?? segments.at(-1) }];
  }
  const prefix = [...before, ...tree.slice(0, open).split('::').map((part) => part.trim()).filter(Boolean)];
  return split(tree.slice(open + 1, tree.lastIndexOf('}'))).flatMap((part) => leaves(part, prefix));
}

/** The parts between the commas that are in no further braces. */
function split(list) {
  const parts = [''];
  let depth = 0;
  for (const char of list) {
    if (char === '{') depth++;
    if (char === '}') depth--;
    if (char === ',' && depth === 0) parts.push('');
    else parts[parts.length - 1] += char;
  }
  return parts.filter((part) => part.trim() !== '');
}

/**
 * Resolves a path as seen from `module`: `{ module }`, `{ file }` of an item, or `undefined` for another
 * crate's. Where a module and an item have the same name, the item is meant, unless the path `goesOn`.
 */
function resolve(module, [first, ...rest], goesOn = false, seen = new Set()) {
  if (first === 'crate') return walk(rootOf(module), rest, goesOn, seen);
  if (first === 'self') return walk(module, rest, goesOn, seen);
  if (first === 'super') return module.parent && resolve(module.parent, rest[0] === 'super' ? rest : ['self', ...rest], goesOn, seen);
  const start = lookUp(module, first, goesOn || rest.length > 0, seen);
  return start?.module ? walk(start.module, rest, goesOn, seen) : start;
}

const rootOf = (module) => (module.parent ? rootOf(module.parent) : module);

/** From `module` down along `path`. A name that nothing here declares is an item of the module itself. */
function walk(module, [name, ...rest], goesOn, seen) {
  if (name === undefined) return { module };
  const found = lookUp(module, name, goesOn || rest.length > 0, seen) ?? { file: module.file };
  return found.module ? walk(found.module, rest, goesOn, seen) : found;
}

/** A name in a module: its child, its item, or what a `use` brings there. `undefined`: none of these. */
function lookUp(module, name, goesOn, seen) {
  const child = module.children.get(name);
  if (child && goesOn) return { module: child };
  const use = module.uses.find((use) => use.name === name && !seen.has(use));
  if (use) return resolve(module, use.path, goesOn, new Set([...seen, use])) ?? { file: undefined };
  if (module.names.has(name)) return { file: module.file };
  if (child) return { module: child };
  for (const glob of module.uses.filter((use) => use.name === '*' && !seen.has(use))) {
    const within = new Set([...seen, glob]);
    const target = resolve(module, glob.path, true, within)?.module;
    const found = target && lookUp(target, name, goesOn, within);
    if (found) return found;
  }
  return undefined;
}

function arrowsOf(module) {
  const { file, text, whole } = module;
  const found = [];
  const add = (path, offset) => {
    const to = resolve(module, path);
    if (to?.file && to.file !== file) found.push({ from: file, to: to.file, line: lineOf(whole, offset), name: path.join('::') });
  };
  for (const { path, name, offset, isReexport } of module.uses) {
    const isUsedHere = () => new RegExp(`\\b${name}\\b`).test(text);
    if (name === '*' ? !isReexport : !isReexport || isUsedHere()) add(path, offset);
  }
  for (const { 0: path, index } of text.matchAll(PATH)) {
    const segments = path.split('::').map((part) => part.trim());
    const isOurs = ABSOLUTE.has(segments[0]) || lookUp(module, segments[0], true, new Set())?.module;
    if (isOurs) add(segments, index);
  }
  return found;
}
