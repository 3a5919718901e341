// The language of the page, which the server has chosen: the text in the source is the English one. Each page is built once for
// every language, with that language's words only (`build.mjs`), so nothing is fetched and nothing flickers.

import { dictionary, errors } from './dictionary.ts';
import type { dictionary as German } from './de-admin.ts';
import type { own as OfDocs } from './de-docs.ts';

/** Every text that scripts show on translated pages. One that German lacks is an error of the type check. */
export type Text = keyof typeof German | keyof typeof OfDocs;

type Values = Readonly<Record<string, string | number>>;

/** `t('New API key')`; `{name}` in it becomes a value. */
export function t(text: Text, values: Values = {}): string {
  const said = (dictionary as Partial<Record<Text, string>>)[text] ?? text;
  return said.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name]));
}

/** The first text for one, the second for any other number: all that English and German have. `{n}` becomes the number. */
export function plural(n: number, one: Text, other: Text, values: Values = {}): string {
  return t(n === 1 ? one : other, { ...values, n });
}

/** What an error of the API means in this language; English is what the API itself says. */
export function errorText(code: string): string | undefined {
  return (errors as Readonly<Record<string, string>>)[code];
}

// Some of what imports this is tested without a page.
const { lang } = globalThis.document?.documentElement ?? { lang: 'en' };
const wanted: readonly string[] = globalThis.navigator?.languages ?? [];

/** The user's own variety of the page's language, for dates and numbers: en-GB, de-AT. */
export const locale: string = wanted.find((tag) => tag === lang || tag.startsWith(`${lang}-`)) ?? lang;
