// `createStepUp`: `fetch` for services that ask, before something that matters, who is there (RFC 9470). The page asks its user, the
// server looks whether it is them, and the request is sent once more. A module of its own, so that a page pays for it only where it
// is used; it imports nothing of the core but its error class.

import { createCall } from '../account/call.ts';
import { browserEnvironment } from '../environment.ts';
import type { Client } from '../types.ts';
import { wantedBy, type Wanted } from './challenge.ts';
import { createRenew } from './renew.ts';
import type { Demand, StepUp, StepUpOptions } from './types.ts';

export type { Demand, ShownAgain, StepUp, StepUpOptions } from './types.ts';

/** Of one request: the first try, one after somebody was asked, and those that only find that another tab has asked. */
const MOST_TRIES = 4;

/** For whoever uses this client. */
export function createStepUp(client: Client, { reauthenticate, environment }: StepUpOptions): StepUp {
  const env = { ...browserEnvironment(), ...environment };
  const call = createCall(env, client.url, client.fetch);
  const renew = createRenew(client, env);
  /** The one dialog that is open, and what it asks for. */
  let open: { readonly wanted: string; readonly over: Promise<void> } | undefined;

  async function ask(wanted: Wanted): Promise<void> {
    let isNoted = false;
    const demand: Demand = {
      ...wanted,
      async show(proof) {
        // A code is good once: after a refresh that failed, only that is done again.
        if (!isNoted) await call({ method: 'POST', path: '/api/account/reauthenticate', body: proof });
        isNoted = true;
        await renew();
      },
    };
    await reauthenticate(demand);
  }

  /** Whether somebody was asked for just this. One dialog at a time: it may make others needless. */
  async function asked(wanted: Wanted): Promise<boolean> {
    const text = JSON.stringify(wanted);
    open ??= { wanted: text, over: ask(wanted).finally(() => (open = undefined)) };
    const { wanted: other, over } = open;
    await over;
    return other === text;
  }

  // Without one, the request itself says why.
  const token = (): Promise<string | null> => client.token().catch(() => null);

  return {
    async fetch(input, init) {
      const request = new Request(input, init);
      if (request.headers.has('Authorization')) return client.fetch(request);
      let wasAsked = false;
      for (let tries = 1; ; tries++) {
        const sent = await token();
        // A body can be read only once.
        const response = await client.fetch(request.clone());
        const wanted = wantedBy(response);
        if (!wanted || wasAsked || tries === MOST_TRIES) return response;
        // With another token by now, of this tab or another, nobody needs to be asked.
        if ((await token()) === sent) wasAsked = await asked(wanted);
        // They have cancelled.
        if ((await token()) === sent) return response;
      }
    },
  };
}
