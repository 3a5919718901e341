// What people show of a mail: its code, as they type and paste it, or its link.

import { CountersignError } from '../errors.ts';

/** One of the two, as the API takes it. */
export type Shown = { readonly code: string } | { readonly token: string };

/** 32 random bytes, alone or at the end of the mail's link. */
const TOKEN = /^(?:\S*\/)?([\w-]{43})$/;

/** Reads "1234 5678", "1234-5678", "https://id.example.com/m/…". A text that is neither costs no try: nothing is sent. */
export function shown(text: string): Shown {
  const token = TOKEN.exec(text.trim())?.[1];
  if (token !== undefined) return { token };
  const code = text.replace(/[\s\u2010-\u2015-]/gu, '');
  if (/^\d{8}$/.test(code)) return { code };
  throw new CountersignError('not_a_code', 'this is neither a code of eight digits nor the link of a mail');
}
