// Translates the body of a page, text by text. A text without a translation stops the build, and so does a translation that no
// page needs, and a text in a script of the page that its words lack or that is not translated at all.

import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { build } from 'esbuild';
import { textsOf, untranslated } from './texts.mjs';

/** What a person reads or hears of an element besides its text. */
const ATTRIBUTES = /\b(aria-label|placeholder|title|alt)="([^"]*)"/g;
/** Between two tags. An element in a sentence stands at its end, so that both parts are texts of their own. */
const TEXTS = />([^<>]*)</g;
/** What somebody types is the same in every language. */
const CODE = /(<pre\b[^]*?<\/pre>|<code>[^<]*<\/code>)/;

/** `words`: by the English text. */
export function translated(lang, words) {
  const used = new Set();
  const say = (text) => {
    // The server puts the product's name there.
    if (!/\p{L}/u.test(text) || text === 'Countersign') return text;
    if (!(text in words)) throw new Error(`html/${lang}.json lacks ${JSON.stringify(text)}`);
    used.add(text);
    return words[text];
  };
  const inWords = (html) => html.replace(ATTRIBUTES, (_, name, text) => `${name}="${say(text)}"`).replace(TEXTS, (_, text) => `>${inPlace(text)}<`);
  const inPlace = (text) => text.replace(/\S(?:.*\S)?/su, say);
  return {
    // The pieces between code begin and end within an element: the marks make them whole.
    html: (body) => body.split(CODE).map((piece, index) => (index % 2 === 1 ? piece : inWords(`>${piece}<`).slice(1, -1))).join(''),
    title: (title) => title.split(' · ').map(say).join(' · '),
    finish: () => {
      const dead = Object.keys(words).filter((text) => !used.has(text));
      if (dead.length > 0) throw new Error(`html/${lang}.json has texts that no page has: ${dead.join(' | ')}`);
    },
  };
}

/** Whether the scripts of a translated page say everything in its language. `dictionary`: its words; `inputs`: what it is built of. */
export async function checkWords(dictionary, inputs, page) {
  const own = inputs.filter((path) => /^src\/[\w-]+\.ts$/.test(path) && !/^(de\b|wire\.)/.test(basename(path)));
  const known = new Set(await wordsOf(dictionary));
  const faults = own.flatMap((path) => {
    const source = readFileSync(path, 'utf8');
    const lacking = textsOf(source).filter((text) => !known.has(text));
    return [...lacking.map((text) => `${path}: ${basename(dictionary)} lacks ${JSON.stringify(text)}`), ...untranslated(source).map((text) => `${path}: ${text} is not in t()`)];
  });
  if (faults.length > 0) throw new Error(`the page ${page} is not translated:\n${faults.join('\n')}`);
}

async function wordsOf(dictionary) {
  const { outputFiles } = await build({ entryPoints: [dictionary], bundle: true, format: 'esm', write: false });
  const module = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
  return Object.keys(module.dictionary);
}
