// The applications that whoever is signed in is connected to, each with a button that disconnects it. For the account page.

import { api } from './api.ts';
import { element, fill } from './dom.ts';
import { timeElement } from './format.ts';
import { act, actionButton, confirmed, notify } from './shell.ts';
import { t } from './words.ts';
import type { ConnectedApp } from './wire.ts';

/** A section of the account page. `changed`: after the sessions of an application have ended. */
export function connectedApps(changed: () => Promise<void>): HTMLElement {
  const list = element('div', { id: 'apps', tabindex: -1 });

  async function show(): Promise<void> {
    const { apps } = await api<{ apps: ConnectedApp[] }>('GET', '/api/account/apps');
    const none = (): HTMLElement => element('p', { class: 'muted' }, t('No applications. When you sign in to one with this account, it is here.'));
    fill(list, apps.length === 0 ? none() : element('ul', { class: 'list' }, ...apps.map((app) => item(app, disconnect))));
  }

  async function disconnect(app: ConnectedApp): Promise<void> {
    if (!(await confirmed(t('Disconnect {app}? It is signed out, and asks you again the next time.', { app: app.name }), t('Disconnect'), 'primary'))) return;
    await api('DELETE', `/api/account/apps/${encodeURIComponent(app.clientId)}`);
    notify(t('{app} is disconnected.', { app: app.name }));
    await show();
    await changed();
    // The button that had the focus is gone.
    list.focus();
  }

  void act(null, show);
  return element('section', { class: 'card', 'aria-labelledby': 'apps-title' }, element('h2', { id: 'apps-title' }, t('Connected applications')), list);
}

function item(app: ConnectedApp, disconnect: (app: ConnectedApp) => Promise<void>): HTMLElement {
  const button = actionButton(t('Disconnect'), () => disconnect(app), 'quiet');
  button.setAttribute('aria-label', t('Disconnect {app}', { app: app.name }));
  const used = app.lastUsedAt === null ? t('not in use') : element('span', {}, `${t('last used')} `, timeElement(app.lastUsedAt));
  const may = app.scope.split(' ').filter(Boolean).map(scopeText).join(' · ');
  return element(
    'li',
    {},
    element(
      'div',
      { class: 'grow' },
      element('strong', {}, app.name),
      element('p', { class: 'muted' }, ...app.hosts.map((host) => element('span', { class: 'part' }, host)), element('span', { class: 'part' }, used)),
      may !== '' && element('p', { class: 'muted' }, may),
      app.resources.length > 0 && element('p', { class: 'muted' }, `${t('uses')} `, ...app.resources.map((name) => element('code', { class: 'part' }, name))),
    ),
    button,
  );
}

/** As on the page that asks; what only a service knows is its own name. */
function scopeText(scope: string): string {
  const known: Record<string, string> = {
    openid: t('Know who you are'),
    profile: t('See your user name and language'),
    email: t('See your e-mail address'),
    offline_access: t('Stay signed in when you are away'),
  };
  return known[scope] ?? scope;
}
