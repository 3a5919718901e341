// What an administrator sees first: how things are now, and what has happened in the last hour, day or month. It keeps itself
// up to date while it is looked at.

import { card, setViewParameters, table, type View, viewParameters } from './admin-parts.ts';
import { api } from './api.ts';
import { chart, type Row } from './chart.ts';
import { element, fill } from './dom.ts';
import { timeElement } from './format.ts';
import { COUNTED, count, type Level, levelOf, LEVELS, milliseconds, outcomesOf } from './overview-figures.ts';
import { act } from './shell.ts';
import type { Overview } from './wire.ts';
import { locale, plural, t } from './words.ts';

const RANGES = { hour: t('Last hour'), day: t('Last 24 hours'), month: t('Last 30 days') } as const;
/** Where a picture has nothing to show. */
const WITHIN = { hour: t('in the last hour'), day: t('in the last 24 hours'), month: t('in the last 30 days') } as const;
const EVERY_MS = 60_000;

export const overviewView: View = (root) => {
  const asked = viewParameters().get('range') ?? 'hour';
  let range = Object.hasOwn(RANGES, asked) ? (asked as keyof typeof RANGES) : 'hour';
  let loadedAt = 0;

  const buttons = Object.entries(RANGES).map(([name, text]) => {
    const choose = (): void => {
      range = name as keyof typeof RANGES;
      void act(null, load);
    };
    return element('button', { type: 'button', class: 'small', 'data-range': name, onclick: choose }, text);
  });
  const now = element('dl', { class: 'card now' });
  const findings = element('div');
  const pictures = [...COUNTED.map(({ title }) => title), t('Load')].map(picture);

  async function load(): Promise<void> {
    loadedAt = Date.now();
    for (const button of buttons) button.setAttribute('aria-pressed', String(button.dataset['range'] === range));
    setViewParameters('overview', { range: range === 'hour' ? '' : range });
    const overview = await api<Overview>('GET', `/api/admin/overview?range=${range}`);
    // Another range may have been chosen in the meantime.
    if (overview.range !== range) return;
    fill(now, ...present(overview));
    fill(findings, ...found(overview));
    const period = WITHIN[range];
    for (const [index, counted] of COUNTED.entries()) {
      pictures[index]?.show(overview, outcomesOf(overview, counted), t('{nothing} {period}.', { nothing: counted.nothing, period }));
    }
    const levels = LEVELS.map((level): [Level, Row | undefined] => [level, levelOf(overview, level)]);
    const known = levels.flatMap(([{ numberOf }, row]) => (row ? [{ ...row, numberOf }] : []));
    pictures.at(-1)?.show(overview, known, t('{nothing} {period}.', { nothing: t('Nothing is known'), period }));
  }

  const loadIfSeen = (): void => {
    if (document.visibilityState === 'visible' && Date.now() - loadedAt >= EVERY_MS) void act(null, load);
  };
  const timer = setInterval(loadIfSeen, EVERY_MS);
  document.addEventListener('visibilitychange', loadIfSeen);

  fill(
    root,
    element('div', { class: 'row spread' }, element('h1', {}, t('Overview')), element('div', { class: 'row', role: 'group', 'aria-label': t('Time') }, ...buttons)),
    now,
    findings,
    ...pictures.map(({ root }) => root),
    element('p', { class: 'muted' }, t('Each row of bars has its own scale. Figures of all servers on this store; those of other servers come within a minute.')),
  );
  void act(null, load);
  return () => {
    clearInterval(timer);
    document.removeEventListener('visibilitychange', loadIfSeen);
  };
};

/** How things are now. */
function present(overview: Overview): HTMLElement[] {
  const { sessions, sessionsAt, hashingQueue, followers, feedLag, nextKeyAt, lastBackupAt } = overview;
  const counted = sessions !== null && sessionsAt ? [count(sessions), element('small', {}, `${t('counted')} `, timeElement(sessionsAt))] : [t('not counted yet')];
  const feed = followers === 0 ? [t('nobody follows')] : [plural(followers, '{n} follower', '{n} followers'), element('small', {}, t('at most {span} behind', { span: milliseconds(feedLag ?? 0) }))];
  return [
    fact(t('Sessions alive'), ...counted),
    fact(t('Passwords waiting'), count(hashingQueue), element('small', {}, t('on this server'))),
    fact(t('Feed of ended sessions'), ...feed),
    fact(t('Next signing key'), nextKeyAt ? timeElement(nextKeyAt) : t('not rotated')),
    fact(t('Last backup'), lastBackupAt ? timeElement(lastBackupAt) : t('none is known')),
  ];
}

/** What is not as it should be, as `countersign doctor` says; nothing where nobody has looked. */
function found({ findings, findingsAt }: Overview): HTMLElement[] {
  if (!findings || !findingsAt) return [];
  const looked = element('p', { class: 'muted' }, `${findings.length === 0 ? t('Nothing is wrong on this server.') : t('On this server.')} ${t('Last look:')} `, element('code', {}, 'countersign doctor'), ', ', timeElement(findingsAt), '.');
  if (findings.length === 0) return [card(t('Findings'), looked)];
  const items = findings.map(({ id, severity, seen, why, mend }) =>
    element(
      'li',
      {},
      element('div', {}, element('span', { class: `badge ${severity === 'error' ? 'bad' : 'warn'}` }, severity === 'error' ? t('error') : t('warning')), ' ', element('code', {}, id)),
      element('div', {}, seen),
      element('small', { class: 'muted' }, why),
      element('div', {}, `${t('Mend:')} `, element('code', {}, mend)),
    ),
  );
  return [card(t('Findings'), element('ul', { class: 'findings' }, ...items), looked)];
}

function fact(name: string, ...value: (Node | string)[]): HTMLElement {
  return element('div', {}, element('dt', {}, name), element('dd', {}, ...value));
}

interface Shown extends Row {
  readonly numberOf?: (value: number) => string;
}

/** A card with rows of bars and the numbers as a table. Its table stays open when it is shown again. */
function picture(title: string): { root: HTMLElement; show: (overview: Overview, rows: readonly Shown[], nothing: string) => void } {
  const charts = element('div', { class: 'charts' });
  const numbers = element('div', { class: 'numbers' });
  const details = element('details', {}, element('summary', {}, t('{title} in numbers', { title })), numbers);
  const root = card(title, charts, details);
  function show(overview: Overview, rows: readonly Shown[], nothing: string): void {
    const timeOf = times(overview);
    // Newest first; steps in which there was nothing are left out.
    const steps = [...overview.times.keys()].reverse().filter((step) => rows.some(({ values }) => values[step]));
    details.hidden = steps.length === 0;
    replaceTable(numbers, numbersOf(title, rows, steps, timeOf));
    if (rows.length === 0) {
      fill(charts, element('p', { class: 'muted' }, nothing));
      return;
    }
    const axis = element('div', { class: 'axis muted', 'aria-hidden': 'true' }, element('span', {}, timeOf(0)), element('span', {}, t('now')));
    fill(charts, ...rows.map((row) => chart(row, timeOf, row.numberOf ?? count)), axis);
  }
  return { root, show };
}

/** Whoever reads it keeps their place and the focus. */
function replaceTable(parent: HTMLElement, table: HTMLElement): void {
  const before = parent.firstElementChild;
  if (!before) return fill(parent, table);
  const { scrollTop } = before;
  before.replaceChildren(...table.childNodes);
  before.scrollTop = scrollTop;
}

function numbersOf(title: string, rows: readonly Shown[], steps: readonly number[], timeOf: (step: number) => string): HTMLElement {
  const cells = (step: number): HTMLElement[] =>
    rows.map(({ name, values, numberOf = count }) => element('td', { 'data-label': name }, typeof values[step] === 'number' ? numberOf(values[step]) : '—'));
  const body = element('tbody', {}, ...steps.map((step) => element('tr', {}, element('th', { scope: 'row' }, timeOf(step)), ...cells(step))));
  return table(t('{title} in numbers', { title }), [t('From'), ...rows.map(({ name }) => name)], body);
}

/** Writes when a step begins: the day only where it matters. */
function times({ times, range }: Overview): (step: number) => string {
  const format = new Intl.DateTimeFormat(locale, range === 'hour' ? { timeStyle: 'short' } : { dateStyle: range === 'day' ? undefined : 'medium', timeStyle: 'short' });
  return (step) => format.format(new Date(times[step] ?? 0));
}
