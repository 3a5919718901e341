// What is done to several users at once. Each is a call of its own: one that is refused does not stop the others, and is named.

import { api, isMine, messageOf } from './api.ts';
import { element, fill } from './dom.ts';
import { actionButton, confirmed, notify, signOut } from './shell.ts';
import type { Account } from './wire.ts';
import { plural, t } from './words.ts';

interface Action {
  readonly verb: string;
  /** Of how many users it is done to. */
  readonly question: (count: number) => string;
  readonly done: (count: number) => string;
  /** What it means for them; without it nothing is asked, and no session ends. */
  readonly effect?: string;
  /** It means nothing for a user without a password. */
  readonly ofPasswords?: boolean;
  readonly call: (path: string) => Promise<unknown>;
}

const ACTIONS: readonly Action[] = [
  {
    verb: t('Sign out everywhere'),
    question: (n) => plural(n, 'Sign {n} user out everywhere?', 'Sign {n} users out everywhere?'),
    done: (n) => plural(n, '{n} user is signed out everywhere.', '{n} users are signed out everywhere.'),
    effect: t('All their sessions end at once.'),
    call: (path) => api('DELETE', `${path}/sessions`),
  },
  {
    verb: t('Require a new password'),
    question: (n) => plural(n, 'Require a new password of {n} user?', 'Require a new password of {n} users?'),
    done: (n) => plural(n, '{n} user must choose a new password at the next sign-in.', '{n} users must choose a new password at the next sign-in.'),
    ofPasswords: true,
    effect: t('All their sessions end. Anyone who knows a current password can choose the new one.'),
    call: (path) => api('PATCH', path, { passwordChangeRequired: true }),
  },
  {
    verb: t('Disable'),
    question: (n) => plural(n, 'Disable {n} user?', 'Disable {n} users?'),
    done: (n) => plural(n, '{n} user is disabled.', '{n} users are disabled.'),
    effect: t('They are signed out everywhere at once, and cannot sign in until they are enabled.'),
    call: (path) => api('PATCH', path, { disabled: true }),
  },
  { verb: t('Enable'), question: (n) => plural(n, 'Enable {n} user?', 'Enable {n} users?'), done: (n) => plural(n, '{n} user is enabled.', '{n} users are enabled.'), call: (path) => api('PATCH', path, { disabled: false }) },
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
  const bar = element('div', { class: 'row bulk', role: 'group', 'aria-label': t('Selected users'), hidden: true }, count, ...buttons);
  const all = element('input', { type: 'checkbox', class: 'pick', 'aria-label': t('Select all users that are shown') });

  function update(): void {
    const chosen = boxes(':checked').length;
    fill(count, chosen === 0 ? '' : plural(chosen, '{n} user selected', '{n} users selected'));
    bar.hidden = chosen === 0;
    all.checked = chosen > 0 && chosen === boxes().length;
    all.indeterminate = chosen > 0 && !all.checked;
  }

  async function carryOut({ verb, question, done, effect, ofPasswords, call }: Action): Promise<void> {
    // One's own account last: the others are done while this session lives.
    const chosen = boxes(':checked').sort((a, b) => Number(isMine(a.value)) - Number(isMine(b.value)));
    const mine = chosen.find(({ value }) => isMine(value));
    const warning = mine ? ` ${t('Your own account, {name}, is among them: you are signed out too.', { name: mine.name })}` : '';
    if (effect !== undefined && !(await confirmed(`${question(chosen.length)} ${effect}${warning}`, verb))) return;
    const refused = new Map<string, string>();
    for (const [index, { value, name, dataset }] of chosen.entries()) {
      fill(count, t('{n} of {all}…', { n: index + 1, all: chosen.length }));
      if (ofPasswords && 'passwordless' in dataset) refused.set(value, `${name}: ${t('There is no password yet.')}`);
      else await call(`/api/admin/users/${value}`).catch((error: unknown) => refused.set(value, `${name}: ${messageOf(error)}`));
    }
    if (mine && effect !== undefined && !refused.has(mine.value)) {
      await signOut();
      return;
    }
    await changed();
    const left = chosen.length - refused.size;
    notify([left === 0 ? t('Nothing was changed.') : done(left), ...refused.values()].join(' '), refused.size > 0);
  }

  all.addEventListener('change', () => {
    for (const box of boxes()) box.checked = all.checked;
    update();
  });
  rows.addEventListener('change', update);
  return {
    bar,
    all,
    box: ({ userId, username, hasPassword }) =>
      element('input', { type: 'checkbox', class: 'pick', value: userId, name: username, 'data-passwordless': !hasPassword, 'aria-label': t('Select {name}', { name: username }) }),
    update,
  };
}
