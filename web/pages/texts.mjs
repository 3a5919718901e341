// Finds the texts of a script: those that are translated, and those that look like texts for people and are not. It knows no
// grammar, only how these scripts are written: what it asks for is `t('…')` or `plural(n, '…', '…')` around every text.

const LITERAL = String.raw`'((?:[^'\\\n]|\\.)*)'`;
const T = new RegExp(String.raw`\bt\(${LITERAL}`, 'g');
const PLURAL = new RegExp(String.raw`\bplural\([^',]+, ${LITERAL}, ${LITERAL}`, 'g');
const COMMENT = /\/\*[^]*?\*\/|^\s*\/\/.*$|(?<=[;,{}(]) \/\/ .*$/gm;
/** A literal as the text of an element; a `code` is what somebody types, in every language. */
const CHILD = new RegExp(String.raw`\belement\('(?!code')[\w-]+', \{[^{}]*\}, ${LITERAL}`, 'g');
const QUOTED = new RegExp(String.raw`${LITERAL}|\x60((?:[^\x60\\]|\\.)*)\x60`, 'g');

/** Names that are the same in every language: of keys, header fields, browsers, systems. */
const NAMES = new Set(
  'Accept Android ArrowDown ArrowLeft ArrowRight ArrowUp Authorization Chrome ChromeOS Content-Type Countersign Edge Escape Enter Firefox Linux Mac Opera Safari Windows'.split(' '),
);

/** Faults of the program, which begin in lower case, and the message of an error that is told by its code. */
const FAULT = /Error\((?:\x60[a-z][^\x60]*\x60|'network', 'No response')/g;
const CLASS = /\bclass: \x60[^\x60]*\x60/g;

const unescaped = (text) => text.replace(/\\(.)/g, '$1');

/** The texts that are translated. */
export function textsOf(source) {
  const code = source.replace(COMMENT, '');
  const one = [...code.matchAll(T)].map(([, text]) => text);
  const two = [...code.matchAll(PLURAL)].flatMap(([, first, other]) => [first, other]);
  return [...one, ...two].map(unescaped);
}

/** What looks like a text for people and is not translated: a literal that begins as a sentence or a label does, any words that an element gets as its text, and words in a template. */
export function untranslated(source) {
  const code = source.replace(COMMENT, '').replace(T, 't(').replace(PLURAL, 'plural(').replace(FAULT, 'Error(').replace(CLASS, '');
  const children = [...code.matchAll(CHILD)].map(([, text]) => text).filter((text) => /\p{L}{2}/u.test(text));
  const others = [...code.matchAll(QUOTED)].flatMap(([, text, template]) => {
    if (text !== undefined) return isSaid(text) ? [text] : [];
    // What is put into a template is code, in which there may be literals of its own.
    const words = template.replace(/\$\{(?:[^{}]|\{[^{}]*\})*\}/g, '{}');
    return isSaid(words) || /\p{L}{2} \p{L}{2}/u.test(words) ? [words] : [];
  });
  return [...new Set([...children, ...others])];
}

function isSaid(text) {
  return /^[“"(←]?\s*\p{Lu}\p{Ll}/u.test(text) && !NAMES.has(text);
}
