// The rules: which file may use which. Each function returns faults, `{ file, line, text }`.

import { basename, dirname, join, relative } from 'node:path';
import { cycles } from './graph.mjs';
import { lineOf } from './rust_text.mjs';

/** The storeys of `crates/countersign/src`, lowest first. A file may use its own storey and those below. */
const STOREYS = [
  ['base'],
  ['model'],
  ['render'],
  ['mail'],
  ['password'],
  ['hashing'],
  ['throttle'],
  ['store'],
  ['flows', 'system', 'options'],
  ['wire', 'metrics'],
  ['http'],
  // The front page may name everything, and no file may use what only it defines.
  ['lib'],
];

/** Only `base/` asks the operating system for time and chance. Other code gets them as arguments, so tests set both. */
const TIME_OR_CHANCE =
  /\b(?:SystemTime|getrandom|OsRng|SystemRandom|ThreadRng)\b|\b(?:Instant|Zoned)::now\b|\brand::(?:rng|random|thread_rng)\b|\b(?:Clock|Random)::system\b/g;

/** Exceptions, each with its reason. */
const MAY_ASK = new Map([['flows/embedded.rs', 'the composition root of an embedded system: it makes the clock and the generator that become arguments']]);

/** Rules in `model/` are pure functions: they wait for nothing, load nothing and know no protocol. */
const NOT_IN_MODEL = /\b(?:async|await|tokio|axum|Store|rusqlite)\b/g;

export function cycleFaults(arrows) {
  return cycles(arrows).map((cycle) => {
    const [first, ...rest] = cycle.map(({ from, to, line, name }) => ({ file: from, line, text: `uses ${name} of ${to}` }));
    const way = rest.map(({ file, line, text }) => `\n    ${file}:${line} ${text}`);
    return { ...first, text: `import cycle: ${first.text}${way.join('')}` };
  });
}

/** Arrows from a storey to a higher one, and files that are on none. `src` is the folder of the storeys. */
export function storeyFaults(src, { arrows, files }) {
  const storeyOf = (file) => {
    const place = relative(src, file);
    const room = dirname(place) === '.' ? basename(place, '.rs') : place.split('/')[0];
    return STOREYS.findIndex((rooms) => rooms.includes(room));
  };
  const homeless = [...files.keys()].filter((file) => storeyOf(file) < 0);
  const up = arrows.filter(({ from, to }) => storeyOf(from) >= 0 && storeyOf(from) < storeyOf(to));
  return [
    ...homeless.map((file) => ({ file, line: 1, text: 'a file on no storey' })),
    ...up.map(({ from, to, line, name }) => ({ file: from, line, text: `an arrow up: uses ${name} of ${to}` })),
  ];
}

export function timeAndChanceFaults(src, { files }) {
  const faults = [];
  const asking = new Set();
  for (const [file, code] of files) {
    const place = relative(src, file);
    if (place.startsWith('base/')) continue;
    const found = wordsIn(file, code, TIME_OR_CHANCE, 'asks the operating system for time or chance');
    if (found.length > 0) asking.add(place);
    if (!MAY_ASK.has(place)) faults.push(...found);
  }
  const idle = [...MAY_ASK.keys()].filter((place) => !asking.has(place));
  return [...faults, ...idle.map((place) => ({ file: join(src, place), line: 1, text: 'an exception that is no longer needed' }))];
}

export function modelFaults(src, { files }) {
  const inModel = [...files].filter(([file]) => relative(src, file).startsWith('model/'));
  return inModel.flatMap(([file, code]) => wordsIn(file, code, NOT_IN_MODEL, 'not pure'));
}

function wordsIn(file, code, pattern, text) {
  return [...code.matchAll(pattern)].map(({ 0: word, index }) => ({ file, line: lineOf(code, index), text: `${text}: ${word}` }));
}
