// Strict JSON (RFC 8259): one object, no member name twice at any level, at most 32 deep, no half surrogate pairs.
//
// Duplicate names are how two readers of one token see two different tokens (RFC 8725 §3.7). `JSON.parse` keeps the
// last of them, so the text is gone through once more.

const MAX_DEPTH = 32;
/** The tokens of text that `JSON.parse` has accepted. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]:]|[^\s{}[\]:,"]+/g;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Reads the one object in these bytes; undefined if there is none. */
export function parseObject(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const text = utf8.decode(bytes);
    const value: unknown = JSON.parse(text);
    return isObject(value) && isStrict(text) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Whether it is a JSON object. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isStrict(text: string): boolean {
  const open: Set<string>[] = []; // the names of each object that is open; for an array it stays empty
  let string = '';
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === '{' || token === '[') {
      if (open.push(new Set()) > MAX_DEPTH) return false;
    } else if (token === '}' || token === ']') {
      open.pop();
    } else if (token === ':') {
      if (open.at(-1)?.has(string)) return false;
      open.at(-1)?.add(string);
    } else if (token.startsWith('"')) {
      string = JSON.parse(token) as string;
      if (/\p{Surrogate}/u.test(string)) return false;
    } else if (Number(token) === Infinity || Number(token) === -Infinity) {
      return false;
    }
  }
  return true;
}
