// Which TypeScript file imports which other one, imports of types included.

import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const IMPORT = /^(?:import|export)\b[^;]*?\bfrom\s+'(\.[^']+)'|^import\s+'(\.[^']+)'|\bimport\(\s*'(\.[^']+)'\s*\)/gm;

/** The arrows `{ from, to, line, name }` between `files`. */
export function typescriptArrows(files) {
  return files.flatMap((from) => {
    const text = readFileSync(from, 'utf8');
    return [...text.matchAll(IMPORT)].map(({ 0: statement, 1: a, 2: b, 3: c, index }) => {
      const name = a ?? b ?? c;
      // The line of the file's name: a long import has its names on several.
      const line = text.slice(0, index + statement.length).split('\n').length;
      return { from, to: join(dirname(from), name), line, name };
    });
  });
}
