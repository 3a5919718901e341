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
