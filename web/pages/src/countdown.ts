// Waits that a page counts down.

import { plural, t } from './words.ts';

/** Shows how many seconds are left, every second, the last time with 0. */
export function countDown(seconds: number, show: (left: number) => void): void {
  // A browser lets a page sleep that nobody looks at.
  const end = Date.now() + seconds * 1000;
  const tick = (): void => {
    const left = Math.max(0, Math.ceil((end - Date.now()) / 1000));
    show(left);
    if (left > 0) setTimeout(tick, 1000);
  };
  tick();
}

/** "12 seconds", "1:05 minutes". */
export function span(seconds: number): string {
  if (seconds < 60) return plural(seconds, '{n} second', '{n} seconds');
  return t('{time} minutes', { time: `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}` });
}

/**
 * Counts down the wait that the server asks for, with its `text`, which ends in "try again later"; the page knows when. `button` is
 * disabled until then.
 */
export function waitFor(text: string, seconds: number, button: HTMLButtonElement, say: (text: string, kind: 'error' | 'info') => void): void {
  const why = text.replace(/(,? (try again|bitte) [^,]*)?\.?$/i, '');
  countDown(seconds, (left) => {
    button.disabled = left > 0;
    if (left > 0) say(`${why}. ${t('Try again in {span}.', { span: span(left) })}`, 'error');
    else say(t('You can try again now.'), 'info');
  });
}
