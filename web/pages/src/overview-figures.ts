// Which figures the overview shows, under which names: outcomes that mean the same to an operator are one.

import type { Row } from './chart.ts';
import type { Overview } from './wire.ts';

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
    title: 'Sign-ins',
    figure: 'logins',
    nothing: 'Nobody has tried to sign in',
    outcomes: [
      { name: 'Signed in', labels: ['ok'] },
      { name: 'Wrong name or password', labels: ['wrong'] },
      { name: 'Turned away: too many tries', labels: ['throttled'] },
      { name: 'Turned away: server busy', labels: ['shed'] },
      { name: 'New password due', labels: ['change_required'] },
      { name: 'Not allowed', labels: ['refused'] },
      { name: 'Failed', labels: ['error'], isBad: true },
    ],
  },
  {
    title: 'Refreshes',
    figure: 'refreshes',
    nothing: 'No session has been refreshed',
    outcomes: [
      { name: 'Token still young', labels: ['fresh'] },
      { name: 'New token', labels: ['advanced'] },
      { name: 'New token, once more', labels: ['replayed', 'healed'] },
      { name: 'Session over', labels: ['expired', 'revoked'] },
      { name: 'Unknown token', labels: ['unknown'] },
      { name: 'Old token used again', labels: ['reused'], isBad: true },
      { name: 'Failed', labels: ['error'], isBad: true },
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
  { name: 'Sessions alive', figure: 'sessions', numberOf: count, holds: 900 },
  { name: 'Passwords waiting to be checked', figure: 'hashing_queue', numberOf: count, holds: 0 },
  { name: 'Slowest follower of the feed behind', figure: 'feed_lag', numberOf: milliseconds, holds: 0 },
];

/** The rows of a picture; outcomes that did not happen only where one that always is there would be missing. */
export function outcomesOf(overview: Overview, { figure, outcomes }: Counted): Row[] {
  const unit = { 60: 'in a minute', 900: 'in 15 minutes', 21_600: 'in 6 hours' }[overview.step] ?? 'at once';
  const rows = outcomes.map(({ name, labels, isBad = false }, index) => {
    const values = sum(overview, figure, labels);
    const total = values.reduce((total, value) => total + value, 0);
    const row = { name, values, isBad, total: count(total), peak: total > 0 ? `at most ${count(Math.max(...values))} ${unit}` : '' };
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
  return { name, values, total: numberOf(latest), peak: `at most ${numberOf(Math.max(...values.map((value) => value ?? 0)))}` };
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
  return value.toLocaleString();
}

export function milliseconds(value: number): string {
  return value < 1000 ? `${count(value)} ms` : `${(value / 1000).toLocaleString(undefined, { maximumFractionDigits: 1 })} s`;
}
