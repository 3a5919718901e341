// Lays out JSON as text. The text is never parsed and serialised again, because that would change
// the token's content: long numbers, duplicate names, the order.

const TOKEN = /"(?:\\.|[^"\\])*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/** JSON over several lines, two spaces a level. Text that is not JSON is returned unchanged. */
export function pretty(text: string): string {
  if (!isJson(text)) return text;
  let out = '';
  let depth = 0;
  let previous = '';
  const line = (): string => `\n${'  '.repeat(depth)}`;
  for (const token of text.match(TOKEN) ?? []) {
    const opensEmpty = previous === '{' || previous === '[';
    if (token === '}' || token === ']') {
      depth--;
      if (!opensEmpty) out += line();
    } else if (opensEmpty) out += line();
    out += token;
    if (token === '{' || token === '[') depth++;
    else if (token === ',') out += line();
    else if (token === ':') out += ' ';
    previous = token;
  }
  return out;
}

/** JSON without whitespace between its tokens. */
export function compact(text: string): string {
  return (text.match(TOKEN) ?? []).join('');
}

export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
