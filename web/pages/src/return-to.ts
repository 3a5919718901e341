// Where to go after signing in. An attacker may have written the URL (CS-8).

/**
 * The path that `return_to` names, if it lies on `origin`; otherwise `fallback`. Only a path is ever
 * returned, so there is no way to another origin, whatever the browser makes of the characters in it.
 */
export function returnTo(search: string, origin: string, fallback: string): string {
  const wanted = new URLSearchParams(search).get('return_to') ?? '';
  // Browsers read `\` as `/`, and drop tabs and line breaks: `/\evil.example`, `/<tab>/evil.example`.
  if (!/^\/(?![/\\])[\x21-\x7e]*$/.test(wanted) || wanted.includes('\\')) return fallback;
  const url = URL.canParse(wanted, origin) ? new URL(wanted, origin) : undefined;
  // A path such as `/.//evil.example` becomes `//evil.example` when it is resolved.
  if (url?.origin !== origin || url.pathname.startsWith('//') || url.pathname === '/login') return fallback;
  return url.pathname + url.search + url.hash;
}
