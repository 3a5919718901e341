// The second step of whoever is signed in: authenticators, recovery codes, trusted devices, beside their passkeys. For the account page.

import { api } from './api.ts';
import { offered } from './authenticator.ts';
import { element, fill } from './dom.ts';
import { codeOf } from './factor-code.ts';
import { factorFacts } from './factor-facts.ts';
import { openForm } from './form-dialog.ts';
import { dateElement, device } from './format.ts';
import { ask, type Owner } from './owner-proof.ts';
import { canUsePasskeys } from './passkey-module.ts';
import { passkeySection } from './passkey-section.ts';
import { showRecoveryCodes } from './recovery-codes.ts';
import { act, actionButton, notify } from './shell.ts';
import { hasPasskeys } from './site.ts';
import type { AddedFactor, Factor, FactorOffer, FactorsBody, RecoveryCodesBody, TrustedDevice } from './wire.ts';
import { plural, t } from './words.ts';

const PATH = '/api/account/factors';
/** With so few recovery codes it is time for new ones. */
const FEW = 3;

/** Sections of the account page: passkeys, and the second step; and what its owner has. `ended`: other sessions have. */
export function factorSections(username: string, hasPassword: () => boolean, ended: () => Promise<void>, known: (owner: Owner) => void): { readonly sections: HTMLElement[]; readonly owner: () => Owner } {
  const root = element('div', { id: 'factors', tabindex: -1 });
  let found: FactorsBody = { factors: [], recoveryCodesLeft: 0, trustedDevices: [], required: false };

  async function show(): Promise<void> {
    found = await api<FactorsBody>('GET', PATH);
    fill(root, ...content(found, actions));
    add.textContent = apps(found).length === 0 ? t('Set up an authenticator') : t('Add another authenticator');
    passkeys.show(found.factors, found.required);
    known(owner());
  }

  const owner = (): Owner => ({
    hasPassword: hasPassword(),
    hasApp: apps(found).length > 0,
    hasPasskey: canUsePasskeys && found.factors.some(({ kind }) => kind === 'passkey'),
    hasFactor: found.factors.length > 0,
  });

  /** The button that had the focus is gone. */
  async function changed(text: string): Promise<void> {
    notify(text);
    await show();
    root.focus();
  }

  async function addOne(): Promise<void> {
    const offer = await api<FactorOffer>('POST', `${PATH}/offer`);
    const dialog = ask(owner(), {
      title: t('Set up an authenticator'),
      submit: t('Add'),
      content: offered(offer),
      fields: [
        { name: 'name', label: t('Name of the authenticator'), autocomplete: 'off', value: t('Phone') },
        { name: 'newCode', label: t('The code that it shows'), type: 'code', autocomplete: 'one-time-code', required: true, hint: t('Six digits, another six every 30 seconds.') },
      ],
      save: async ({ name = '', newCode = '' }, proof) => {
        const { recoveryCodes } = await api<AddedFactor>('POST', PATH, { enrolment: offer.enrolment, name: name.trim(), newCode: codeOf(newCode), ...proof });
        void (async () => {
          if (recoveryCodes.length > 0) await showRecoveryCodes(recoveryCodes, username);
          await Promise.all([changed(t('From now on, signing in asks for a code. All other sessions have ended.')), ended()]);
        })();
      },
    });
    dialog.querySelector<HTMLInputElement>('[name=newCode]')?.focus();
  }

  const actions: Actions = {
    rename: ({ id, name }) => {
      openForm({
        title: t('Rename {name}', { name }),
        submit: t('Save'),
        fields: [{ name: 'name', label: t('Name of the authenticator'), autocomplete: 'off', value: name, required: true }],
        save: async (values) => {
          await api('PATCH', `${PATH}/${encodeURIComponent(id)}`, values);
          await changed(t('The authenticator has a new name.'));
        },
      });
    },
    remove: ({ id, name }) => {
      const isLast = found.factors.length === 1;
      ask(owner(), {
        title: t('Remove {name}?', { name }),
        submit: t('Remove'),
        isDanger: true,
        explanation: isLast ? t('It is the last one: from then on, signing in takes no code. The recovery codes are void, and no device is trusted. All other sessions end.') : t('Its codes are of no use any more. All other sessions end.'),
        fields: [],
        save: async (_, proof) => {
          await api('DELETE', `${PATH}/${encodeURIComponent(id)}`, proof);
          await Promise.all([changed(t('{name} is removed. All other sessions have ended.', { name })), ended()]);
        },
      });
    },
    renew: () => {
      ask(owner(), {
        title: t('Make new recovery codes?'),
        submit: t('Make new codes'),
        explanation: t('You get ten new ones. All codes that you have are void then.'),
        fields: [],
        save: async (_, proof) => {
          const { recoveryCodes } = await api<RecoveryCodesBody>('POST', '/api/account/recovery-codes', proof);
          void showRecoveryCodes(recoveryCodes, username).then(() => changed(t('You have new recovery codes.')));
        },
      });
    },
    forget: async ({ id }) => {
      await api('DELETE', `/api/account/trusted-devices/${encodeURIComponent(id)}`);
      await changed(t('That device is asked for a code again.'));
    },
  };

  const add = actionButton(t('Set up an authenticator'), addOne, 'quiet');
  const passkeys = passkeySection({
    username,
    owner,
    changed: async (text, isOver) => {
      notify(text);
      await Promise.all([show(), isOver && ended()]);
      passkeys.section.querySelector<HTMLElement>('#passkeys')?.focus();
    },
  });
  void act(null, show);
  const section = element('section', { class: 'card', id: 'second-step', 'aria-labelledby': 'factors-title' }, element('h2', { id: 'factors-title' }, t('Second step')), root, element('div', { class: 'row end' }, add));
  return { sections: hasPasskeys ? [passkeys.section, section] : [section], owner };
}

interface Actions {
  readonly rename: (factor: Factor) => void;
  readonly remove: (factor: Factor) => void;
  readonly renew: () => void;
  readonly forget: (device: TrustedDevice) => Promise<void>;
}

/** The authenticators. */
function apps({ factors }: FactorsBody): Factor[] {
  return factors.filter(({ kind }) => kind === 'totp');
}

function content(found: FactorsBody, actions: Actions): HTMLElement[] {
  const { factors, recoveryCodesLeft, trustedDevices, required } = found;
  if (factors.length === 0) {
    const none = t('No authenticator yet. With one, somebody who knows your password still cannot sign in.');
    return [element('p', { class: 'muted' }, required ? `${none} ${t('Your account has to have one: you are asked at the next sign-in.')}` : none)];
  }
  const own = apps(found);
  return [
    own.length === 0
      ? element('p', { class: 'muted' }, t('Whoever signs in with your password needs one of your passkeys too.'))
      : element('ul', { class: 'list' }, ...own.map((factor) => authenticator(factor, required && factors.length === 1, actions))),
    element('h3', {}, t('Recovery codes')),
    codesLeft(recoveryCodesLeft, actions),
    ...(trustedDevices.length === 0 ? [] : [element('h3', {}, t('Trusted devices')), element('ul', { class: 'list' }, ...trustedDevices.map((trusted) => trustedDevice(trusted, actions)))]),
  ];
}

function authenticator(factor: Factor, isNeeded: boolean, { rename, remove }: Actions): HTMLElement {
  const named = (text: string, open: (factor: Factor) => void): HTMLElement => element('button', { type: 'button', class: 'quiet', 'aria-label': `${text}: ${factor.name}`, onclick: () => open(factor) }, text);
  return element('li', { class: 'email' }, factorFacts(factor), element('div', { class: 'row' }, named(t('Rename'), rename), !isNeeded && named(t('Remove'), remove)));
}

function codesLeft(left: number, { renew }: Actions): HTMLElement {
  const text = left === 0 ? t('No recovery codes are left.') : plural(left, '{n} recovery code is left.', '{n} recovery codes are left.');
  const warning = left > FEW ? '' : ` ${t('Make new ones before you need them.')}`;
  return element(
    'div',
    { class: 'row spread email' },
    element('p', { class: left > FEW ? 'muted grow' : 'notice warn grow' }, text + warning),
    element('button', { type: 'button', class: 'quiet', onclick: renew }, t('Make new codes')),
  );
}

function trustedDevice(trusted: TrustedDevice, { forget }: Actions): HTMLElement {
  const name = device(trusted.userAgent);
  const button = actionButton(t('Forget'), () => forget(trusted), 'quiet');
  button.setAttribute('aria-label', t('Forget {device}', { device: name }));
  return element(
    'li',
    {},
    element(
      'div',
      { class: 'grow' },
      element('strong', { title: trusted.userAgent ?? '' }, name),
      element('p', { class: 'muted' }, element('span', { class: 'part' }, `${t('trusted since')} `, dateElement(trusted.createdAt)), element('span', { class: 'part' }, `${t('until')} `, dateElement(trusted.expiresAt))),
    ),
    button,
  );
}
