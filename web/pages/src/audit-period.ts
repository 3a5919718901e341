// The time range of the audit log: a preset that ends now, or from one instant to another.

import { element } from './dom.ts';
import { t } from './words.ts';

const LENGTHS: Record<string, number> = { hour: 3_600_000, day: 86_400_000, week: 604_800_000 };

export interface PeriodChoice {
  readonly field: HTMLElement;
  /** The two fields of `From … to …`; hidden for any other choice. */
  readonly ends: HTMLElement;
  /** `since` and `until` for the API, at this moment. */
  readonly range: () => Record<string, string>;
  /** Whether it ends before it begins, so that nothing can lie in it. */
  readonly isTurned: () => boolean;
  /** For the page's address. */
  readonly parameters: () => Record<string, string>;
  readonly clear: () => void;
}

export function periodChoice(from: URLSearchParams, changed: () => void): PeriodChoice {
  const options: [string, string][] = [['', t('Any time')], ['hour', t('Last hour')], ['day', t('Last 24 hours')], ['week', t('Last 7 days')], ['between', t('From … to …')]];
  const period = element('select', { id: 'period' }, ...options.map(([value, text]) => element('option', { value }, text)));
  const since = element('input', { id: 'since', type: 'datetime-local', value: from.get('since') ?? '' });
  const until = element('input', { id: 'until', type: 'datetime-local', value: from.get('until') ?? '' });
  const ends = element('div', { class: 'ends' }, element('div', {}, element('label', { for: 'since' }, t('From')), since), element('div', {}, element('label', { for: 'until' }, t('To')), until));
  period.value = since.value || until.value ? 'between' : (from.get('period') ?? '');
  const isBetween = (): boolean => period.value === 'between';
  const show = (): void => void (ends.hidden = !isBetween());
  period.addEventListener('change', () => {
    show();
    changed();
  });
  for (const field of [since, until]) field.addEventListener('change', changed);
  show();

  function range(): Record<string, string> {
    const length = LENGTHS[period.value];
    if (length !== undefined) return { since: new Date(Date.now() - length).toISOString() };
    const between = isBetween() ? { since: since.value, until: until.value } : {};
    // The fields are in the time zone of the browser.
    return Object.fromEntries(Object.entries(between).filter(([, local]) => local !== '').map(([end, local]) => [end, new Date(local).toISOString()]));
  }

  return {
    field: element('div', {}, element('label', { for: 'period' }, t('Time')), period),
    ends,
    range,
    isTurned: () => isBetween() && since.value !== '' && until.value !== '' && since.value > until.value,
    parameters: () => (isBetween() ? { since: since.value, until: until.value } : { period: period.value }),
    clear: () => {
      period.value = since.value = until.value = '';
      show();
    },
  };
}
