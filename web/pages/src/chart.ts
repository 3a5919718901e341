// Pictures of figures over time: a row of bars for each outcome, with its name, its number and a scale of its own. So nothing is
// told by colour, a rare outcome is seen beside a frequent one, and all of it fits on a phone.

import { element } from './dom.ts';

/** One outcome, or one level. `null` where it is not known. */
export interface Row {
  readonly name: string;
  readonly values: readonly (number | null)[];
  /** What the number beside the bars is: of a count the sum, of a level the newest. */
  readonly total: string;
  /** Such as "at most 12 in a minute". */
  readonly peak: string;
  /** Something to look at, such as a token that was used twice. */
  readonly isBad?: boolean;
}

const HEIGHT = 100;
/** One of a thousand is seen too. */
const LEAST = 6;

/** `timeOf` says which time a step is of; `numberOf` writes a value. */
export function chart({ name, values, total, peak, isBad }: Row, timeOf: (step: number) => string, numberOf: (value: number) => string): HTMLElement {
  const most = Math.max(...values.map((value) => value ?? 0));
  const bars = values.map((value, step) => {
    if (value === null || value === 0) return null;
    const height = Math.max(LEAST, (value / most) * HEIGHT);
    const bar = svg('rect', { x: step + 0.08, y: HEIGHT - height, width: 0.84, height });
    const title = svg('title', {});
    title.textContent = `${timeOf(step)}: ${numberOf(value)}`;
    bar.append(title);
    return bar;
  });
  const picture = svg('svg', { viewBox: `0 0 ${values.length} ${HEIGHT}`, preserveAspectRatio: 'none', role: 'img', 'aria-label': `${name}: ${total}${peak && `, ${peak}`}` });
  picture.append(...bars.filter((bar) => bar !== null));
  return element(
    'div',
    { class: `chart${isBad ? ' bad' : ''}` },
    element('span', {}, name),
    element('strong', {}, total),
    picture as Element as HTMLElement,
    element('span', { class: 'muted peak' }, peak),
  );
}

function svg(name: string, attributes: Record<string, string | number>): SVGElement {
  const node = document.createElementNS('http://www.w3.org/2000/svg', name) as SVGElement;
  for (const [attribute, value] of Object.entries(attributes)) node.setAttribute(attribute, String(value));
  return node;
}
