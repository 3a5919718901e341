// `createPasskeys`: signing in with passkeys, and what people do with their own. A module of its own, so that a page pays for it only where it is
// used; it imports nothing of the core but its error class.

import { createCall, jsonWith } from '../account/call.ts';
import { browserEnvironment } from '../environment.ts';
import { CountersignError } from '../errors.ts';
import { exclusive } from '../exclusive.ts';
import { parseJson } from '../http.ts';
import type { Client, ClientOptions, User } from '../types.ts';
import { autofill } from './autofill.ts';
import { assertion, offerOf, registration, type Shown } from './ceremony.ts';
import { createController } from './controller.ts';
import { createKept } from './kept.ts';
import { createSignals, type SignalOf } from './signal.ts';
import type { AddedPasskey, Authenticators, Factor, Passkey, PasskeyProof, Passkeys, SignInWishes } from './types.ts';

export type {
  AddedPasskey,
  Authenticators,
  AutofillOptions,
  EnrolOptions,
  Factor,
  OwnerProof,
  Passkey,
  PasskeyErrorCode,
  PasskeyFacts,
  PasskeyOnTheWayIn,
  PasskeyProof,
  Passkeys,
  SecondStepWishes,
  SignInWishes,
} from './types.ts';

export interface PasskeysOptions extends Pick<ClientOptions, 'environment'> {
  /** What the module takes from the browser. Tests replace parts of it. */
  readonly authenticators?: Partial<Authenticators>;
}

const OWN = '/api/account/passkeys';
const FACTORS = '/api/account/factors';
const AGAIN = '/api/account/reauthenticate';
const FACTOR = '/api/login/factor';

/** For whoever uses this client. One for a page: requests to the authenticators of two would collide. */
export function createPasskeys(client: Client, { environment, authenticators }: PasskeysOptions = {}): Passkeys {
  const env = { ...browserEnvironment(), ...environment };
  const browser: Authenticators = { ...browserAuthenticators(), ...authenticators };
  const call = createCall(env, client.url, env.fetch);
  const own = createCall(env, client.url, client.fetch);
  const controller = createController();
  const kept = createKept();
  const signals = createSignals(browser);
  const isSupported = Boolean(browser.credentials && browser.PublicKeyCredential);

  /** Under the tabs' lock, as each sign-in: a refresh must not answer with the cookie of the session before. */
  const signedInBy = (path: string, body: object): Promise<unknown> =>
    exclusive(env, `countersign:${client.url}`, async () => parseJson(await call({ method: 'POST', path, body })));

  /** With what is kept for this purpose, if `isAgain`; otherwise the authenticator is asked. */
  async function asked<T>(purpose: string, isAgain: boolean, ask: (signal: AbortSignal) => Promise<Shown>, send: (shown: Shown) => Promise<T>): Promise<T> {
    if (!isSupported) throw unsupported();
    return controller.asked(async (signal) => {
      const shown = (isAgain && kept.of(purpose)) || (await ask(signal));
      return kept.sent(purpose, shown, () => send(shown));
    });
  }

  const asserted = (path: string, from = call, body?: object) => async (signal: AbortSignal): Promise<Shown> =>
    assertion(browser, await offerOf(from, `${path}/options`, body), signal);

  const created = (path: string, from = call, body?: object) => async (signal: AbortSignal): Promise<Shown> =>
    registration(browser, await offerOf(from, path, body), signal);

  /** What the server refuses for good is offered no more. */
  async function forgetting<T>(codes: readonly string[], { rpId, credentialId }: Shown, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (codes.includes((error as CountersignError).code)) signals.unknown(rpId, credentialId);
      throw error;
    }
  }

  const signIn = (shown: Shown, more: object): Promise<User> =>
    forgetting(['passkey_unknown'], shown, async () => client.accept(await signedInBy('/api/login', { passkey: shown.proof, ...more })));

  const prove = (): Promise<PasskeyProof> => asked('prove', false, asserted(AGAIN, own), ({ proof }) => Promise.resolve(proof));

  async function list(): Promise<readonly Passkey[]> {
    const { factors, passkeys } = jsonWith<{ factors: readonly Factor[]; passkeys?: SignalOf }>(await own({ method: 'GET', path: FACTORS }), 'factors');
    const found = factors.filter((factor): factor is Passkey => factor.passkey !== undefined);
    if (passkeys) signals.known(passkeys, found, client.user?.username);
    return found;
  }

  /** What the password manager knows is a hint: that it was not told is no failure of a change. */
  const changed = (): Promise<unknown> => list().catch(() => {});

  return {
    isSupported,
    async canAutofill() {
      const isAvailable = isSupported && browser.PublicKeyCredential?.isConditionalMediationAvailable?.().catch(() => false);
      return (await isAvailable) === true;
    },
    signIn: (wishes = {}) => asked('login', isMore(wishes), asserted('/api/passkeys'), (shown) => signIn(shown, wishes)),
    autofill: async (options = {}) => {
      if (!isSupported) throw unsupported();
      return autofill(
        {
          client,
          env,
          controller,
          offer: () => offerOf(call, '/api/passkeys/options'),
          async signIn(offer, signal, chosen) {
            const shown = await assertion(browser, offer, signal, 'conditional');
            chosen();
            return kept.sent('login', shown, () => signIn(shown, {}));
          },
        },
        options,
      );
    },
    secondStep: (ticket, wishes = {}) =>
      asked(ticket, isMore(wishes), asserted(FACTOR, call, { ticket }), async ({ proof: passkey }) => client.accept(await signedInBy(FACTOR, { ticket, passkey, ...wishes }))),
    enrolOnTheWayIn: (ticket, name, wishes = {}) =>
      asked(ticket, isMore(wishes), created(`${FACTOR}/enrol/passkey`, call, { ticket }), async ({ proof: newPasskey }) => {
        const response = await signedInBy(FACTOR, { ticket, newPasskey, name, ...wishes });
        return { recoveryCodes: (response as { recoveryCodes?: string[] } | undefined)?.recoveryCodes ?? [], accept: () => client.accept(response) };
      }),
    async enrol(name, proof = {}, { secondStepOnly } = {}) {
      const added = await asked(`${OWN} ${secondStepOnly}`, true, created(`${OWN}/options`, own, { secondStepOnly }), (shown) =>
        forgetting(['invalid_passkey', 'too_many_factors'], shown, async () =>
          jsonWith<AddedPasskey>(await own({ method: 'POST', path: OWN, body: { ...shown.proof, name, ...proof } }), 'factor'),
        ),
      );
      await changed();
      return added;
    },
    discard() {
      const refused = kept.drop();
      if (refused) signals.unknown(refused.rpId, refused.credentialId);
    },
    prove,
    async reauthenticate(currentPassword) {
      await own({ method: 'POST', path: AGAIN, body: { passkey: await prove(), currentPassword } });
    },
    list,
    async rename(id, name) {
      await own({ method: 'PATCH', path: `${FACTORS}/${encodeURIComponent(id)}`, body: { name } });
      await changed();
    },
    async remove(id, proof = {}) {
      await own({ method: 'DELETE', path: `${FACTORS}/${encodeURIComponent(id)}`, body: proof });
      await changed();
    },
  };
}

const unsupported = (): CountersignError => new CountersignError('passkey_unsupported', 'this browser has no passkeys');

/** Whether it says what the server has asked for: then what was shown before is sent with it. */
function isMore({ newPassword, keepAccount }: SignInWishes): boolean {
  return newPassword !== undefined || keepAccount !== undefined;
}

function browserAuthenticators(): Authenticators {
  return { credentials: globalThis.navigator?.credentials, PublicKeyCredential: globalThis.PublicKeyCredential };
}
