// The language of mails to whoever is signed in. For the account page.

import { api } from './api.ts';
import { element } from './dom.ts';
import { languageName } from './format.ts';
import { act, notify } from './shell.ts';
import { languages } from './site.ts';
import { t } from './words.ts';
import type { Account } from './wire.ts';

/** Chooses one of those that the server offers; nothing if there is no choice. */
export function languageChoice({ locale }: Account): HTMLElement | null {
  const offered = locale && !languages.includes(locale) ? [...languages, locale] : languages;
  if (offered.length < 2) return null;
  const options = [['', t('As the browser says')], ...offered.map((tag) => [tag, languageName(tag)])];
  // Firefox would put back what was chosen before a reload, stored or not.
  const select = element('select', { id: 'locale', autocomplete: 'off' }, ...options.map(([value = '', text]) => element('option', { value }, text)));
  let stored = locale ?? '';
  select.value = stored;

  async function save(): Promise<void> {
    try {
      const { user } = await api<{ user: Account }>('PATCH', '/api/user', { locale: select.value || null });
      stored = user.locale ?? '';
      notify(t('The language of mails is changed. For a week, warnings still come in the former one.'));
    } finally {
      select.value = stored;
    }
  }

  select.addEventListener('change', () => void act(null, save));
  return element('div', { class: 'row spread' }, element('label', { for: 'locale' }, t('Language of mails')), select);
}
