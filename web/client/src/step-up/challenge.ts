// What a service asks for when a sign-in is not good enough: RFC 9470 §3.

/** Which sign-in would be good enough. */
export interface Wanted {
  /** One of these `acr`, the most wanted first: `aal2` is one with a second factor. Empty: any. */
  readonly acrValues: readonly string[];
  /** So many seconds ago its owner may have been seen at most; `undefined`: at any time. */
  readonly maxAge: number | undefined;
}

/** `undefined`: this response asks for no other sign-in. */
export function wantedBy(response: Response): Wanted | undefined {
  // Of several challenges `fetch` makes one text. Another origin's services have to let pages read it.
  const challenge = (response.status === 401 && response.headers.get('WWW-Authenticate')) || '';
  if (!/\berror="?insufficient_user_authentication\b/.test(challenge)) return undefined;
  const acr = /\bacr_values="((?:[^"\\]|\\.)*)"/.exec(challenge)?.[1] ?? '';
  const seconds = /\bmax_age="?(\d+)/.exec(challenge)?.[1];
  return {
    acrValues: acr.replace(/\\(.)/g, '$1').split(' ').filter(Boolean),
    maxAge: seconds === undefined ? undefined : Number(seconds),
  };
}
