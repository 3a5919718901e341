// Formats times, devices and codes for people.

import { locale, t } from './words.ts';

const RELATIVE = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
const ABSOLUTE = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium' });
const DATE = new Intl.DateTimeFormat(locale, { dateStyle: 'medium' });
const UNITS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_556_952],
  ['month', 2_629_746],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
];

/** "3 minutes ago", "in 2 days"; within the minute "now". */
export function relative(at: Date, now: Date = new Date()): string {
  const seconds = (at.getTime() - now.getTime()) / 1000;
  for (const [unit, length] of UNITS) {
    if (Math.abs(seconds) >= length) return RELATIVE.format(Math.trunc(seconds / length), unit);
  }
  return RELATIVE.format(0, 'second');
}

export function absolute(at: Date): string {
  return ABSOLUTE.format(at);
}

/** A `<time>` with the relative text, which ages while the page is open; the exact time is its title. */
export function timeElement(iso: string): HTMLTimeElement {
  const at = new Date(iso);
  const time = document.createElement('time');
  time.dateTime = iso;
  time.title = absolute(at);
  time.dataset['relative'] = '';
  time.textContent = relative(at);
  return time;
}

/** A `<time>` with the date; the exact time is its title. */
export function dateElement(iso: string): HTMLTimeElement {
  const time = exactTimeElement(iso);
  time.title = time.textContent ?? '';
  time.textContent = DATE.format(new Date(iso));
  return time;
}

/** A `<time>` with the exact text. */
export function exactTimeElement(iso: string): HTMLTimeElement {
  const time = document.createElement('time');
  time.dateTime = iso;
  time.textContent = absolute(new Date(iso));
  return time;
}

const AGE_EVERY_MS = 10_000;

/** Keeps the relative times of the page true. */
export function keepTimesTrue(): void {
  const age = (): void => {
    for (const time of document.querySelectorAll<HTMLTimeElement>('time[data-relative]')) {
      const text = relative(new Date(time.dateTime));
      if (time.textContent !== text) time.textContent = text;
    }
  };
  setInterval(age, AGE_EVERY_MS);
  document.addEventListener('visibilitychange', age);
}

const BROWSERS: readonly [RegExp, string][] = [
  [/Edg\//, 'Edge'],
  [/OPR\//, 'Opera'],
  [/Firefox\/|FxiOS\//, 'Firefox'],
  [/Chrome\/|CriOS\//, 'Chrome'],
  [/Safari\//, 'Safari'],
  [/curl\//, 'curl'],
];
const SYSTEMS: readonly [RegExp, string][] = [
  [/iPhone/, 'iPhone'],
  [/iPad/, 'iPad'],
  [/Android/, 'Android'],
  [/Mac OS X|Macintosh/, 'Mac'],
  [/Windows/, 'Windows'],
  [/CrOS/, 'ChromeOS'],
  [/Linux/, 'Linux'],
];

/** "Firefox on Linux": coarse on purpose, and a guess, as user agents are. */
export function device(userAgent: string | null | undefined): string {
  if (!userAgent) return t('Unknown device');
  const name = (table: readonly [RegExp, string][]): string | undefined => table.find(([pattern]) => pattern.test(userAgent))?.[1];
  const browser = name(BROWSERS);
  const system = name(SYSTEMS);
  if (browser && system) return t('{browser} on {system}', { browser, system });
  return browser ?? system ?? userAgent.slice(0, 40);
}

/** "login_failed" becomes "Login failed". */
export function words(code: string): string {
  const text = code.replace(/[_-]+/g, ' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A language, given as a tag of BCP 47, as those who speak it call it. */
export function languageName(tag: string): string {
  const name = new Intl.DisplayNames([tag], { type: 'language' }).of(tag) ?? tag;
  return name.charAt(0).toLocaleUpperCase(tag) + name.slice(1);
}
