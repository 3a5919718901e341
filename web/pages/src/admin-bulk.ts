// What is done to several users at once. Each is a call of its own: one that is refused does not stop the others, and is named.

import { api, messageOf } from './api.ts';
import { element, fill } from './dom.ts';
import { actionButton, confirmed, notify } from './shell.ts';
import type { Account } from './wire.ts';

interface Action {
  readonly verb: string;
  /** The rest of the sentence that begins with whom it is done to. */
  readonly done: string;
  /** What it means for them; without it nothing is asked. */
  readonly effect?: string;
  readonly call: (path: string) => Promise<unknown>;
}

const ACTIONS: readonly Action[] = [
  { verb: 'Sign out everywhere', done: 'signed out everywhere', effect: 'All their sessions end at once.', call: (path) => api('DELETE', `${path}/sessions`) },
  {
    verb: 'Require a new password',
    done: 'must choose a new password at the next sign-in',
    effect: 'All their sessions end. Anyone who knows a current password can choose the new one.',
    call: (path) => api('PATCH', path, { passwordChangeRequired: true }),
  },
  { verb: 'Disable', done: 'disabled', effect: 'They are signed out everywhere at once, and cannot sign in until they are enabled.', call: (path) => api('PATCH', path, { disabled: true }) },
  { verb: 'Enable', done: 'enabled', call: (path) => api('PATCH', path, { disabled: false }) },
];

export interface Selection {
  /** Says how many are selected, and what can be done to them; hidden while nobody is. */
  readonly bar: HTMLElement;
  /** Selects and unselects all rows that are shown. */
  readonly all: HTMLInputElement;
  /** The box that selects the row of one user. */
  readonly box: (account: Account) => HTMLInputElement;
  /** Counts again, after rows have come or gone. */
  readonly update: () => void;
}

/** `rows` holds the boxes: a user whose row is gone is not selected. `changed` shows the users again. */
export function selection(rows: HTMLElement, changed: () => Promise<void>): Selection {
  const boxes = (only = ''): HTMLInputElement[] => [...rows.querySelectorAll<HTMLInputElement>(`.pick${only}`)];
  const count = element('strong', { role: 'status' });
  const buttons = ACTIONS.map((action) => actionButton(action.verb, () => carryOut(action), 'quiet'));
  const bar = element('div', { class: 'row bulk', role: 'group', 'aria-label': 'Selected users', hidden: true }, count, ...buttons);
  const all = element('input', { type: 'checkbox', class: 'pick', 'aria-label': 'Select all users that are shown' });

  function update(): void {
    const chosen = boxes(':checked').length;
    fill(count, chosen === 0 ? '' : `${users(chosen)} selected`);
    bar.hidden = chosen === 0;
    all.checked = chosen > 0 && chosen === boxes().length;
    all.indeterminate = chosen > 0 && !all.checked;
  }

  async function carryOut({ verb, done, effect, call }: Action): Promise<void> {
    const chosen = boxes(':checked');
    if (effect !== undefined && !(await confirmed(`${verb}: ${users(chosen.length)}? ${effect}`, verb))) return;
    const refused: string[] = [];
    for (const [index, { value, name }] of chosen.entries()) {
      fill(count, `${index + 1} of ${chosen.length}…`);
      await call(`/api/admin/users/${value}`).catch((error: unknown) => refused.push(`${name}: ${messageOf(error)}`));
    }
    await changed();
    notify([`${users(chosen.length - refused.length)}: ${done}.`, ...refused].join(' '), refused.length > 0);
  }

  all.addEventListener('change', () => {
    for (const box of boxes()) box.checked = all.checked;
    update();
  });
  rows.addEventListener('change', update);
  return {
    bar,
    all,
    box: ({ userId, username }) => element('input', { type: 'checkbox', class: 'pick', value: userId, name: username, 'aria-label': `Select ${username}` }),
    update,
  };
}

function users(count: number): string {
  return count === 1 ? '1 user' : `${count} users`;
}
