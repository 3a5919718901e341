// Finds the token in a text that people copy with its surroundings. Pure.

/**
 * The token of a paste: without `Authorization:`, `Bearer`, quotes, and the white space and line breaks of an e-mail
 * or a terminal. Text that is not a token is returned without white space around it.
 */
export function tokenIn(text: string): string {
  const bare = text
    .trim()
    .replace(/^(?:-H\s+)?["'`]?(?:(?:proxy-)?authorization\s*[:=]\s*)?["'`]?(?:bearer\s+)?["'`]?/i, '')
    .replace(/["'`;,]+$/, '');
  const joined = bare.replace(/\s+/g, '');
  // Without a dot it is some other text, whose words stay apart.
  return /^[\w=+/-]*\.[\w.=+/-]*$/.test(joined) ? joined : bare.trim();
}
