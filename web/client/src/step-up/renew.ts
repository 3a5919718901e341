// A token that says that its owner was just here. The server notes it in the session; a refresh brings it into a token.

import { createCall } from '../account/call.ts';
import { CountersignError } from '../errors.ts';
import { exclusive } from '../exclusive.ts';
import { parseJson } from '../http.ts';
import type { Client, Environment } from '../types.ts';

/** As long as a refresh of the core may take. */
const TRY_LIMIT_MS = 5_000;

/** Refreshes by the client's own `fetch`, and the client takes the token up, in all tabs. */
export function createRenew(client: Client, env: Environment): () => Promise<void> {
  const call = createCall(env, client.url, client.fetch);
  const ask = (): Promise<string> => call({ method: 'POST', path: '/api/refresh', body: {}, limitMs: TRY_LIMIT_MS });

  return async () => {
    const owner = client.user?.userId;
    // Under the tabs' lock, as each refresh: of two at once, one could answer with what was so before.
    const text = await exclusive(env, `countersign:${client.url}`, () =>
      // Once more after a lost response: the server repeats it.
      ask().catch((error: CountersignError) => {
        if (error.status > 0) throw error;
        return ask();
      }),
    );
    // Signed out meanwhile, or somebody else is signed in: this token is of a session that this page has left.
    if (owner === undefined || client.user?.userId !== owner) throw new CountersignError('session_revoked');
    client.accept(parseJson(text));
  };
}
