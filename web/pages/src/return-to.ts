// Where to go after signing in. An attacker may have written the URL (CS-8).

/**
 * The path that `return_to` names, if it lies on `origin`; for an address on another one, the path at which the server
 * decides whether it is a front end's; otherwise nothing. Only a path of this origin is ever returned, so the
 * page itself leads to no other, whatever the browser makes of the characters in it.
 */
export function returnTo(search: string, origin: string, pathOf: (name: string) => string): string | undefined {
  const wanted = new URLSearchParams(search).get('return_to') ?? '';
  if (/^https?:\/\//.test(wanted)) return `${pathOf('login/return')}?${new URLSearchParams({ to: wanted }).toString()}`;
  // Browsers read `\` as `/`, and drop tabs and line breaks: `/\evil.example`, `/<tab>/evil.example`.
  if (!/^\/(?![/\\])[\x21-\x7e]*$/.test(wanted) || wanted.includes('\\')) return undefined;
  const url = URL.canParse(wanted, origin) ? new URL(wanted, origin) : undefined;
  // A path such as `/.//evil.example` becomes `//evil.example` when it is resolved.
  if (url?.origin !== origin || url.pathname.startsWith('//') || url.pathname === pathOf('login')) return undefined;
  return url.pathname + url.search + url.hash;
}

/** The query for another page of signing in, which then leads to the same place as this one, and says `reason`. */
export function onwards(search: string, reason?: string): string {
  const wanted = new URLSearchParams(search).get('return_to');
  const query = new URLSearchParams({ ...(wanted !== null && { return_to: wanted }), ...(reason !== undefined && { reason }) });
  return query.size > 0 ? `?${query.toString()}` : '';
}
