// Which figures the overview shows, under which names: outcomes that mean the same to an operator are one.

import type { Row } from './chart.ts';
import type { Overview } from './wire.ts';
import { locale, t } from './words.ts';

interface Outcome {
  readonly name: string;
  /** The labels that it is made of. */
  readonly labels: readonly string[];
  readonly isBad?: boolean;
}

export interface Counted {
  readonly title: string;
  readonly figure: string;
  readonly nothing: string;
  readonly outcomes: readonly Outcome[];
}

export const COUNTED: readonly Counted[] = [
  {
    title: t('Sign-ins'),
    figure: 'logins',
    nothing: t('Nobody has tried to sign in'),
    outcomes: [
      { name: t('Signed in'), labels: ['ok'] },
      { name: t('Wrong name or password'), labels: ['wrong'] },
      { name: t('Turned away: too many tries'), labels: ['throttled'] },
      { name: t('Turned away: server busy'), labels: ['shed'] },
      { name: t('New password due'), labels: ['change_required'] },
      { name: t('Not allowed'), labels: ['refused'] },
      { name: t('Failed'), labels: ['error'], isBad: true },
    ],
  },
  {
    title: t('Refreshes'),
    figure: 'refreshes',
    nothing: t('No session has been refreshed'),
    outcomes: [
      { name: t('Token still young'), labels: ['fresh'] },
      { name: t('New token'), labels: ['advanced'] },
      { name: t('New token, once more'), labels: ['replayed', 'healed'] },
      { name: t('Session over'), labels: ['expired', 'revoked'] },
      { name: t('Unknown token'), labels: ['unknown'] },
      { name: t('Old token used again'), labels: ['reused'], isBad: true },
      { name: t('Failed'), labels: ['error'], isBad: true },
    ],
  },
];

export interface Level {
  readonly name: string;
  readonly figure: string;
  readonly numberOf: (value: number) => string;
  /** For how many seconds a value is taken to hold. */
  readonly holds: number;
}

export const LEVELS: readonly Level[] = [
  // A large store is counted every ten minutes.
  { name: t('Sessions alive'), figure: 'sessions', numberOf: count, holds: 900 },
  { name: t('Passwords waiting to be checked'), figure: 'hashing_queue', numberOf: count, holds: 0 },
  { name: t('Slowest follower of the feed behind'), figure: 'feed_lag', numberOf: milliseconds, holds: 0 },
];

/** The rows of a picture; outcomes that did not happen only where one that always is there would be missing. */
export function outcomesOf(overview: Overview, { figure, outcomes }: Counted): Row[] {
  const unit = { 60: t('in a minute'), 900: t('in 15 minutes'), 21_600: t('in 6 hours') }[overview.step] ?? t('at once');
  const rows = outcomes.map(({ name, labels, isBad = false }, index) => {
    const values = sum(overview, figure, labels);
    const total = values.reduce((total, value) => total + value, 0);
    const row = { name, values, isBad, total: count(total), peak: total > 0 ? t('at most {n} {unit}', { n: count(Math.max(...values)), unit }) : '' };
    return { row, isShown: total > 0 || index < 2 };
  });
  return rows.some(({ row }) => row.peak !== '') ? rows.filter(({ isShown }) => isShown).map(({ row }) => row) : [];
}

function sum({ series, times }: Overview, figure: string, labels: readonly string[]): number[] {
  const parts = series.filter((one) => one.figure === figure && labels.includes(one.label));
  return times.map((_, step) => parts.reduce((total, { values }) => total + (values[step] ?? 0), 0));
}

/** The row of a level; `undefined` where nothing is known of it. */
export function levelOf(overview: Overview, { name, figure, numberOf, holds }: Level): Row | undefined {
  const known = overview.series.find((one) => one.figure === figure)?.values;
  if (known?.every((value) => value === null) !== false) return undefined;
  const values = held(known, Math.floor(holds / overview.step));
  const latest = [...values].reverse().find((value) => value !== null) ?? 0;
  return { name, values, total: numberOf(latest), peak: t('at most {n}', { n: numberOf(Math.max(...values.map((value) => value ?? 0))) }) };
}

/** Each value once more for the steps after it, up to so many. */
function held(values: readonly (number | null)[], steps: number): (number | null)[] {
  let [last, age]: [number | null, number] = [null, 0];
  return values.map((value) => {
    [last, age] = value === null ? [last, age + 1] : [value, 0];
    return age <= steps ? last : null;
  });
}

export function count(value: number): string {
  return value.toLocaleString(locale);
}

export function milliseconds(value: number): string {
  return value < 1000 ? `${count(value)} ms` : `${(value / 1000).toLocaleString(locale, { maximumFractionDigits: 1 })} s`;
}
