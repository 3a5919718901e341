// A row of tabs, of which one shows its panel: arrow keys move along it, as the ARIA practices say.

import { byId } from './dom.ts';

/** `changed` hears which panel is shown, also the first. */
export function tabs(list: HTMLElement, changed: (panel: HTMLElement) => void): void {
  const all = [...list.querySelectorAll<HTMLElement>('[role=tab]')];
  const panelOf = (tab: HTMLElement): HTMLElement => byId(tab.getAttribute('aria-controls') ?? '');

  function select(chosen: HTMLElement): void {
    for (const tab of all) {
      tab.setAttribute('aria-selected', String(tab === chosen));
      tab.tabIndex = tab === chosen ? 0 : -1;
      panelOf(tab).hidden = tab !== chosen;
    }
    changed(panelOf(chosen));
  }

  for (const [index, tab] of all.entries()) {
    tab.addEventListener('click', () => select(tab));
    tab.addEventListener('keydown', ({ key }) => {
      const step = key === 'ArrowRight' ? 1 : key === 'ArrowLeft' ? -1 : 0;
      const next = step === 0 ? undefined : all.at((index + step) % all.length);
      if (!next) return;
      select(next);
      next.focus();
    });
  }
  if (all[0]) select(all[0]);
}
