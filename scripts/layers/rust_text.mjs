// Rust source with comments, strings and tests blanked by spaces, so that lines and offsets stay.

const LITERALS = new RegExp(
  [
    String.raw`//[^\n]*`,
    String.raw`\b(?:br|cr|r)(#*)"[\s\S]*?"\1`,
    String.raw`\b[bc]?"(?:\\[\s\S]|[^"\\])*"`,
    String.raw`"(?:\\[\s\S]|[^"\\])*"`,
    // A character, which is not a lifetime: `'a'` and `'\u{1f}'`, but not `'a`.
    String.raw`'(?:\\(?:u\{[^}]*\}|x..|.)|[^\\'])'`,
  ].join('|'),
  'g',
);

const blank = (text) => text.replace(/[^\n]/g, ' ');

/** `text` without comments, strings and characters. */
export function code(text) {
  return withoutBlockComments(text).replace(LITERALS, blank);
}

/** Block comments nest. The ones inside strings and line comments are none. */
function withoutBlockComments(text) {
  const skip = new RegExp(`${LITERALS.source}|/\\*`, 'g');
  for (let found; (found = skip.exec(text)); ) {
    if (found[0] !== '/*') continue;
    let depth = 0;
    const edge = /\/\*|\*\//g;
    edge.lastIndex = found.index;
    for (let mark; (mark = edge.exec(text)); ) {
      depth += mark[0] === '/*' ? 1 : -1;
      if (depth === 0) break;
    }
    const end = edge.lastIndex || text.length;
    text = text.slice(0, found.index) + blank(text.slice(found.index, end)) + text.slice(end);
    skip.lastIndex = end;
  }
  return text;
}

/** The code without the items that only a test build has. */
export function withoutTests(text) {
  const attribute = /#\[cfg\((?:test|all\(test\b[^\]]*)\)\]/g;
  for (let found; (found = attribute.exec(text)); ) {
    const end = itemEnd(text, attribute.lastIndex);
    text = text.slice(0, found.index) + blank(text.slice(found.index, end)) + text.slice(end);
  }
  return text;
}

/** Where the item that begins at `start` ends: after its `;` or its block. */
function itemEnd(text, start) {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    if ('([{'.includes(text[at])) depth++;
    else if (')]}'.includes(text[at])) {
      depth--;
      if (depth < 0) return at;
      if (depth === 0 && text[at] === '}') return at + 1;
    } else if (depth === 0 && text[at] === ';') return at + 1;
  }
  return text.length;
}

/** The offset after the block whose `{` is at `open`. */
export const blockEnd = (text, open) => itemEnd(text, open);

export const lineOf = (text, offset) => text.slice(0, offset).split('\n').length;
