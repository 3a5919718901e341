// The page about the API: every route with its credential, body, responses and errors, from `openapi.json`.

import { pathOf } from './base.ts';
import { byId, element, fill } from './dom.ts';
import { inWords, resolved, typeOf, type Body, type Description, type Operation, type Schema } from './openapi.ts';
import { t } from './words.ts';

const CREDENTIALS: Record<string, string> = {
  bearer: t('access token'),
  refreshCookie: t('refresh cookie'),
  sessionCookie: t('session cookie'),
  clientSecretBasic: t('client secret'),
  feedKey: t('feed key'),
};

const PLACES: Record<string, string> = {
  path: t('in the path'),
  query: t('in the query'),
  header: t('in the header'),
};

/** The document is in English; a screen reader changes its voice for it. */
const ENGLISH = { lang: 'en' };
const isEnglish = document.documentElement.lang === 'en';

async function show(): Promise<void> {
  const response = await fetch(pathOf('openapi.json'));
  if (!response.ok) throw new Error(`openapi.json: ${String(response.status)}`);
  const api = (await response.json()) as Description;
  const about = api.info.description.split('\n\n').map((text) => element('p', ENGLISH, ...words(text)));
  fill(byId('about'), ...about, !isEnglish && element('p', {}, t('The descriptions of routes and fields are in English.')));
  const sections = api.tags.map(({ name, description }) =>
    element('section', { class: 'stack', 'aria-label': name }, element('h2', ENGLISH, name), element('p', { class: 'muted', ...ENGLISH }, ...words(description)), ...routesOf(api, name)),
  );
  const shapes = Object.entries(api.components.schemas).filter(([, schema]) => schema.properties);
  sections.push(element('section', { class: 'stack', 'aria-label': t('Shapes') }, element('h2', {}, t('Shapes')), ...shapes.map(([name, schema]) => shape(name, schema))));
  fill(byId('routes'), ...sections);
  byId('filter').addEventListener('input', () => find(byId<HTMLInputElement>('filter').value));
  addEventListener('hashchange', open);
  open();
}

function routesOf(api: Description, tag: string): HTMLElement[] {
  const all = Object.entries(api.paths).flatMap(([path, item]) => Object.entries(item).map(([method, operation]) => ({ path, method, operation })));
  return all.filter(({ operation }) => operation.tags.includes(tag)).map(({ path, method, operation }) => route(api, `${method.toUpperCase()} ${path}`, operation));
}

function route(api: Description, name: string, operation: Operation): HTMLElement {
  const [method = '', path = ''] = name.split(' ');
  return element(
    'details',
    { class: 'card', id: operation.operationId },
    element('summary', {}, element('code', { class: 'badge accent' }, method), ' ', element('code', {}, path), element('span', { class: 'muted', ...ENGLISH }, ...words(operation.summary))),
    operation.description !== undefined && element('p', ENGLISH, ...words(operation.description)),
    element('p', { class: 'muted' }, t('Credential: {names}', { names: credential(operation) })),
    operation.parameters && fields(t('Parameters'), operation.parameters.map((each) => resolved(api, each)).map((each) => ({ ...each, place: each.in }))),
    operation.requestBody && body(api, t('Request'), resolved(api, operation.requestBody)),
    ...Object.entries(operation.responses).map(([status, each]) => body(api, status, resolved(api, each))),
  );
}

function credential({ security }: Operation): string {
  const names = security.map((each) => Object.keys(each).map((name) => CREDENTIALS[name] ?? name)[0] ?? t('none'));
  return names.length === 0 ? t('none') : names.reduce((all, name) => t('{names}, or {name}', { names: all, name }));
}

/** A request, or the response with one status; the errors of a status are a list. */
function body(api: Description, title: string, { description, required, content = {} }: Body): HTMLElement {
  const [type, json] = Object.entries(content)[0] ?? [];
  const heading = element('h3', {}, required === false ? t('{title} (optional)', { title }) : title);
  if (json?.examples) {
    const errors = Object.entries(json.examples).map(([code, { value }]) => element('li', {}, element('code', {}, code), ' ', element('span', ENGLISH, value.error)));
    return element('div', {}, heading, element('ul', {}, ...errors));
  }
  const schema = json && resolved(api, json.schema);
  return element(
    'div',
    { class: 'stack' },
    heading,
    description !== undefined && element('p', ENGLISH, ...words(description)),
    json?.example !== undefined && element('pre', { tabindex: 0 }, element('code', {}, JSON.stringify(json.example, null, 2))),
    type !== undefined && type !== 'application/json' && element('p', { class: 'muted' }, t('As {types}.', { types: inWords(Object.keys(content)) })),
    schema && members(schema),
  );
}

function shape(name: string, schema: Schema): HTMLElement {
  return element('details', { class: 'card', id: name }, element('summary', {}, element('code', {}, name)), schema.description !== undefined && element('p', ENGLISH, ...words(schema.description)), members(schema));
}

function members({ properties = {}, required = [] }: Schema): HTMLElement | false {
  const rows = Object.entries(properties).map(([name, schema]) => ({ name, schema, required: required.includes(name), description: schema.description }));
  return rows.length > 0 && fields(t('Fields'), rows);
}

interface Field {
  readonly name: string;
  readonly schema: Schema;
  readonly required?: boolean;
  readonly description?: string | undefined;
  readonly place?: string;
}

function fields(label: string, all: readonly Field[]): HTMLElement {
  const rows = all.flatMap(({ name, schema, required, description, place }) => [
    element('dt', {}, element('code', {}, name), required !== true && element('span', { class: 'muted' }, ` ${t('optional')}`)),
    element('dd', {}, element('span', { class: 'muted' }, [typeOf(schema), place !== undefined && (PLACES[place] ?? place)].filter(Boolean).join(', ')), description !== undefined && element('span', ENGLISH, ' ', ...words(description))),
  ]);
  return element('dl', { 'aria-label': label }, ...rows);
}

/** Text with `code` in it. */
function words(text: string): (Node | string)[] {
  return text.split('`').map((part, index) => (index % 2 === 1 ? element('code', {}, part) : part));
}

/** Shows only what contains the text. */
function find(text: string): void {
  const wanted = text.trim().toLowerCase();
  for (const section of byId('routes').children) {
    const all = [...section.querySelectorAll<HTMLElement>('details')];
    for (const each of all) each.hidden = !(each.textContent ?? '').toLowerCase().includes(wanted);
    (section as HTMLElement).hidden = all.every((each) => each.hidden);
  }
  const isNone = [...byId('routes').children].every((section) => (section as HTMLElement).hidden);
  byId('none').textContent = isNone ? t('Nothing matches.') : '';
}

/** Opens what the address names: `docs#login`. */
function open(): void {
  const named = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!(named instanceof HTMLDetailsElement)) return;
  named.open = true;
  named.scrollIntoView();
}

show().catch(() => {
  byId('none').textContent = t('The server cannot be reached. Check your connection and reload the page.');
});
