// Shows a verdict: one headline that keeps the signature apart from the rules, and the checks, folded down to those
// that failed.

import { byId, element, fill } from './dom.ts';
import { absolute } from './format.ts';
import { productName } from './site.ts';
import type { Check, Verdict } from './verifier.ts';

const RULES: Record<string, string> = {
  form: 'Well-formed',
  key: 'Key fits',
  signature: 'Signature',
  payload: 'Payload is a JSON object',
  type: 'Type',
  issuer: 'Issuer',
  audience: 'Audience',
  expiry: 'Not expired',
  not_before: 'Already valid',
  issued_at: 'Not issued in the future',
  subject: 'Subject',
  token_id: 'Token ID',
  other_claims: 'Other registered claims',
  required_claims: 'Required claims',
  scopes: 'Scopes',
  roles: 'Roles',
};
const OUTCOMES = { passed: 'passed', failed: 'failed', not_checked: 'not checked' };
/** Failures of a token that other verifiers may accept: the issuer left out what the rules here demand. */
const OF_OUR_RULES: readonly unknown[] = ['missing_claim', 'claim_type', 'time_out_of_range', 'wrong_claim_value'];

const fold = byId<HTMLButtonElement>('fold');
const list = byId('checks');

fold.addEventListener('click', () => fold.setAttribute('aria-expanded', String(fold.getAttribute('aria-expanded') !== 'true')));

/** A text in place of a verdict says why there is none; without either, the page waits for a token. */
export function showVerdict(verdict: Verdict | string | undefined, token: string): void {
  const checks = typeof verdict === 'object' ? verdict.checks : [];
  fill(byId('headline'), ...headline(verdict, token));
  const isRead = checks.every(({ rule, outcome }) => rule !== 'form' || outcome !== 'failed');
  fill(list, ...checks.map((check) => item(check, isRead)));
  // Until the signature holds, a tick says only what the token claims of itself: it is not shown as good.
  list.classList.toggle('unverified', !isSigned(checks));
  fold.hidden = checks.length === 0;
  fold.textContent = count(checks);
}

/** The verifier's messages have names in backticks. */
export function withCode(text: string): (Node | string)[] {
  return text.split('`').map((part, index) => (index % 2 ? element('code', {}, part) : part));
}

function isSigned(checks: readonly Check[]): boolean {
  return checks.some(({ rule, outcome }) => rule === 'signature' && outcome === 'passed');
}

/** "13 checks: 1 failed, 3 not made" */
function count(checks: readonly Check[]): string {
  const of = (wanted: Check['outcome']): number => checks.filter(({ outcome }) => outcome === wanted).length;
  const parts = [of('failed') > 0 && `${of('failed')} failed`, of('not_checked') > 0 && `${of('not_checked')} not made`];
  return `${checks.length} checks: ${parts.filter(Boolean).join(', ') || 'all passed'}`;
}

/** `isRead`: the token has parts that could be read. */
function item({ rule, outcome, expected, found }: Check, isRead: boolean): HTMLElement {
  return element(
    'li',
    { class: outcome, 'data-rule': rule },
    RULES[rule] ?? rule,
    element('span', { class: 'visually-hidden' }, `: ${OUTCOMES[outcome]}`),
    outcome === 'failed' && expected !== '' && element('p', { class: 'muted' }, ...(rule === 'payload' && !isRead ? ['not looked at: the token is not well-formed'] : ['expected ', ...value(rule, expected), ', found ', ...value(rule, found || 'nothing')])),
  );
}

/** What a check wanted or found; seconds since 1970 with their date. */
function value(rule: string, text: string): (Node | string)[] {
  // A sentence with names in it, not a value.
  if (text.includes('`')) return withCode(text);
  const seconds = ['expiry', 'not_before', 'issued_at'].includes(rule) ? /\b\d{9,11}\b/.exec(text)?.[0] : undefined;
  return [element('code', {}, text), seconds === undefined ? '' : ` (${absolute(new Date(Number(seconds) * 1000))})`];
}

/** The verdict in one sentence, and what may be wrong with the key. */
function headline(verdict: Verdict | string | undefined, token: string): Node[] {
  if (verdict === undefined) return [element('p', { class: 'muted' }, 'Paste a token to check it, or click an example.')];
  if (typeof verdict === 'string') return [element('p', { class: 'notice error' }, verdict)];
  const failed = verdict.checks.filter(({ outcome }) => outcome === 'failed');
  const [first] = failed;
  const isOpen = verdict.keyError === null && verdict.checks.some(({ rule, outcome }) => rule === 'signature' && outcome === 'not_checked');
  return [
    // A key that cannot be used comes before what the token says of itself.
    ...(first && verdict.keyError !== null ? [unrefused(verdict)] : []),
    first && isOpen && isOurs(failed) ? unsigned(first) : first ? refusal(first, failed, isSigned(verdict.checks), token) : unrefused(verdict),
    ...verdict.keyNotes.map(({ message }) => element('p', { class: 'notice warn' }, ...withCode(message))),
  ];
}

function isOurs(failed: readonly Check[]): boolean {
  return failed.every(({ code }) => OF_OUR_RULES.includes(code));
}

const NO_KEY = 'Enter a key to check the signature. Until then, trust nothing in this token.';

/** Without a key there is no verdict yet, though a rule that others may not have is broken already. */
function unsigned(first: Check): HTMLElement {
  return element(
    'div',
    { class: 'notice' },
    element('p', {}, NO_KEY),
    element('p', {}, `${productName} would refuse it in any case: `, ...withCode(first.message ?? ''), '. ', element('code', { 'data-code': true }, first.code ?? '')),
  );
}

/** The first broken rule, and what would make the token pass. */
function refusal(first: Check, failed: readonly Check[], signed: boolean, token: string): HTMLElement {
  const isStrict = signed && isOurs(failed);
  const start = isStrict ? `Signature verified. ${productName} would still refuse it: ` : signed ? 'Signature verified, but refused: ' : 'Refused: ';
  return element(
    'div',
    { class: isStrict ? 'notice warn' : 'notice error' },
    element('p', {}, element('strong', {}, start, ...withCode(first.message ?? ''), '.'), ' ', element('code', { 'data-code': true }, first.code ?? '')),
    element('p', {}, ...withCode(first.code === 'part_count' ? partCount(token) : (first.remedy ?? ''))),
  );
}

/** The page has taken away a prefix and line breaks, so other advice helps than on a command line. */
function partCount(token: string): string {
  const parts = token.split('.').length;
  if (parts === 5) return 'This is an encrypted token (JWE). Only its recipient can read it; this page shows signed tokens.';
  return parts < 3 ? 'Paste the whole token: three parts separated by dots.' : `There are ${parts} parts: is something behind the token?`;
}

function unrefused({ checks, keyError, keyNotes }: Verdict): HTMLElement {
  if (keyError !== null) return element('p', { class: 'notice error' }, element('strong', {}, 'This key cannot be used: '), ...withCode(keyError), '.');
  const open = checks.filter(({ outcome }) => outcome === 'not_checked').map(({ rule }) => rule);
  if (open.includes('signature')) {
    return element('p', { class: 'notice' }, NO_KEY);
  }
  // A short secret verifies, and still is nothing to rely on.
  const isWeak = keyNotes.some(({ code }) => code === 'short_secret' || code === 'algorithm_from_token');
  if (open.length === 0 && !isWeak) {
    return element('p', { class: 'notice ok' }, element('strong', {}, 'Valid.'), ' A verifier with these settings accepts it.');
  }
  const missing = ['issuer', 'audience', 'type'].filter((rule) => open.includes(rule));
  const more = missing.length > 0 ? ` A verifier must also check the ${missing.join(', ').replace(/, (\w+)$/, ' and $1')}: see “Further checks”.` : '';
  return element('p', { class: 'notice ok' }, element('strong', {}, 'Signature and times are good.'), more);
}
