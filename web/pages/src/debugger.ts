// The token debugger. Nothing leaves the page: its CSP forbids requests, and it writes neither to
// storage nor to the URL (HD-7).

import { decodeText, encode, encodeText } from './base64url.ts';
import { claimRows, type JsonObject } from './claims.ts';
import { byId, copyFrom, element, fill } from './dom.ts';
import { examples, type Example } from './examples.ts';
import { compact, isJson, pretty } from './json-text.ts';
import { hex, isAlgorithm, makeKey, secret256, sign, type Algorithm } from './make-token.ts';
import server from './server-keys.js';
import { tokenEditor } from './token-editor.ts';
import { showVerdict, withCode } from './verdict.ts';
import { verify, type Verdict } from './verifier.ts';

const TICK_MS = 1000;
const LIFE_SECONDS = 900;

const headerField = byId<HTMLTextAreaElement>('header-json');
const payloadField = byId<HTMLTextAreaElement>('payload-json');
const keyField = byId<HTMLTextAreaElement>('key');
const signingField = byId<HTMLTextAreaElement>('signing-key');
const useServerKeys = byId<HTMLInputElement>('server-keys');
const editor = tokenEditor(byId<HTMLTextAreaElement>('token'), byId('coloured'), (token) => {
  showParts(token);
  update();
});

// --- the token and its parts ---

function partsOf(token: string): { header: string; payload: string; signature: string } {
  const [header = '', payload = '', signature = ''] = token.split('.');
  return { header, payload, signature };
}

function showParts(token: string): void {
  const { header, payload } = partsOf(token);
  showPart(headerField, header);
  showPart(payloadField, payload);
}

function showPart(field: HTMLTextAreaElement, part: string): void {
  const text = decodeText(part);
  field.value = text === undefined ? '' : pretty(text);
  mark(field, text === undefined ? 'This part is not base64url-encoded UTF-8 text.' : undefined);
}

function mark(field: HTMLTextAreaElement, problem?: string): void {
  const note = byId(`${field.id}-problem`);
  const isBroken = problem ?? (field.value === '' || isJson(field.value) ? undefined : 'This is not JSON.');
  note.textContent = isBroken ?? '';
  field.setAttribute('aria-invalid', String(isBroken !== undefined));
}

let edits = 0;

/** Rebuilds the token after an edit of its header or payload; signs it if there is a signing key. */
async function writeToken(): Promise<void> {
  const turn = ++edits;
  mark(headerField);
  mark(payloadField);
  const input = `${encodeText(compact(headerField.value))}.${encodeText(compact(payloadField.value))}`;
  const key = signingField.value.trim();
  let { signature } = partsOf(editor.value);
  let problem = '';
  if (key !== '') {
    const { alg } = parseObject(headerField.value) ?? {};
    try {
      if (!isAlgorithm(alg)) throw new Error('This page signs with HS256, ES256, EdDSA and RS256.');
      signature = await sign(alg, key, input);
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
    }
  }
  // A later edit has overtaken this signature.
  if (turn !== edits) return;
  byId('signing-problem').textContent = problem;
  editor.set(`${input}.${signature}`);
  update();
}

function parseObject(text: string): JsonObject | undefined {
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === 'object' && json !== null && !Array.isArray(json) ? (json as JsonObject) : undefined;
  } catch {
    return undefined;
  }
}

// --- claims, warnings and verdict ---

function update(): void {
  const now = new Date();
  const payload = parseObject(payloadField.value);
  byId('explained').hidden = payload === undefined;
  fill(
    byId('claims'),
    ...claimRows(payload ?? {}, now).map(({ name, value, meaning }) =>
      element(
        'tr',
        {},
        element('th', { scope: 'row' }, element('code', {}, name)),
        element('td', {}, element('code', {}, value), meaning !== '' && element('p', { class: 'muted' }, meaning)),
      ),
    ),
  );
  judge(now);
}

let shown: string | undefined;

function judge(now: Date): void {
  const verdict = editor.value === '' ? undefined : ask(now);
  const text = JSON.stringify(verdict) ?? '';
  // Screen readers hear the verdict when it changes, not every second.
  if (text === shown) return;
  shown = text;
  const warnings = typeof verdict === 'object' ? verdict.warnings : [];
  fill(byId('warnings'), ...warnings.map((warning) => element('li', { class: 'notice warn' }, ...withCode(warning))));
  showVerdict(verdict, editor.value);
}

function ask(now: Date): Verdict | string {
  const text = (id: string): string => byId<HTMLInputElement>(id).value.trim();
  try {
    return verify({
      token: editor.value,
      key: useServerKeys.checked ? JSON.stringify(server?.jwks) : keyField.value.trim(),
      secretIsBase64: byId<HTMLInputElement>('secret-base64').checked,
      algorithm: text('algorithm'),
      issuer: text('issuer'),
      audience: text('audience'),
      type: text('type'),
      scope: text('scope'),
      role: text('role'),
      now: Math.floor(now.getTime() / 1000),
    });
  } catch (error) {
    return String(error);
  }
}

// --- examples, and a link with the settings ---

/** What a link may carry: nothing that anybody signs or verifies with (HD-7). */
const SETTINGS = ['issuer', 'audience', 'type', 'scope', 'role', 'algorithm'] as const;

function show({ token, key }: Example): void {
  useServerKeys.checked = keyField.disabled = false;
  for (const id of SETTINGS) byId<HTMLInputElement>(id).value = '';
  byId<HTMLInputElement>('secret-base64').checked = false;
  signingField.value = '';
  keyField.value = key;
  editor.set(token);
  showParts(token);
  update();
}

function link(): string {
  const settings = SETTINGS.map((id) => [id, byId<HTMLInputElement>(id).value.trim()]).filter(([, value]) => value !== '');
  return `${location.origin}${location.pathname}#${new URLSearchParams(settings).toString()}`;
}

function readLink(): void {
  const settings = new URLSearchParams(location.hash.slice(1));
  for (const id of SETTINGS) byId<HTMLInputElement>(id).value = settings.get(id) ?? '';
  const details = byId('issuer').closest('details');
  if (details) details.open = SETTINGS.some((id) => settings.has(id));
}

// --- making tokens and secrets ---

async function make(algorithm: Algorithm): Promise<void> {
  const key = await makeKey(algorithm);
  const now = Math.floor(Date.now() / 1000);
  const claims = parseObject(payloadField.value) ?? { iss: 'https://issuer.example', sub: 'user-1', aud: 'api' };
  headerField.value = pretty(JSON.stringify({ alg: algorithm, typ: 'JWT' }));
  payloadField.value = pretty(JSON.stringify({ ...claims, iat: now, exp: now + LIFE_SECONDS }));
  signingField.value = key.signing;
  keyField.value = key.verifying;
  useServerKeys.checked = false;
  for (const id of SETTINGS) byId<HTMLInputElement>(id).value = '';
  await writeToken();
}

function newSecret(): void {
  const bytes = secret256();
  byId<HTMLInputElement>('secret').value = byId<HTMLSelectElement>('secret-form').value === 'hex' ? hex(bytes) : encode(bytes);
}

// --- wiring ---

headerField.addEventListener('input', () => void writeToken());
payloadField.addEventListener('input', () => void writeToken());
signingField.addEventListener('input', () => void writeToken());
for (const id of ['key', 'issuer', 'audience', 'type', 'scope', 'role', 'algorithm', 'secret-base64']) byId(id).addEventListener('input', update);

if (server) {
  const own = server;
  byId('server-choice').hidden = false;
  useServerKeys.addEventListener('change', () => {
    keyField.disabled = useServerKeys.checked;
    for (const name of ['issuer', 'audience', 'type'] as const) {
      byId<HTMLInputElement>(name).value = useServerKeys.checked ? own[name] : '';
    }
    update();
  });
}

const makeButton = byId<HTMLButtonElement>('make');
makeButton.addEventListener('click', () => {
  const algorithm = byId<HTMLSelectElement>('make-algorithm').value;
  if (!isAlgorithm(algorithm)) return;
  make(algorithm).catch((error: unknown) => {
    byId('signing-problem').textContent = `This browser cannot create a key for ${algorithm}: ${String(error)}`;
  });
});
byId('clear').addEventListener('click', () => {
  for (const field of [headerField, payloadField, keyField, signingField]) field.value = '';
  editor.set('');
  update();
});
byId('new-secret').addEventListener('click', newSecret);
byId('secret-form').addEventListener('change', newSecret);
for (const button of document.querySelectorAll<HTMLButtonElement>('[data-copy]')) {
  button.addEventListener('click', () => void copyFrom(button, byId<HTMLInputElement>(button.dataset['copy'] ?? '').value));
}
for (const button of document.querySelectorAll<HTMLButtonElement>('[data-example]')) {
  button.addEventListener('click', () => void examples[button.dataset['example'] as keyof typeof examples]().then(show));
}
const linkButton = byId<HTMLButtonElement>('link');
linkButton.addEventListener('click', () => void copyFrom(linkButton, link()));
addEventListener('hashchange', () => {
  readLink();
  update();
});
readLink();

newSecret();
update();
setInterval(() => {
  if (document.visibilityState === 'visible' && editor.value !== '') update();
}, TICK_MS);
