// Asking for a mail, with the work that the server may demand for it.

import { CountersignError } from '@countersign/client';
import { isCode, post } from './call.ts';
import { challengeIn, solve } from './work.ts';

/** Asks for a mail; `body` as the API has it. Solves what the server demands meanwhile. */
export async function startMail<Response>(body: object): Promise<Response> {
  let proof: string | undefined;
  for (let solved = 0; ; solved++) {
    try {
      return await post<Response>('/api/email/start', { ...body, ...(proof !== undefined && { proof }) });
    } catch (error) {
      const work = isCode(error, 'proof_required') ? challengeIn((error as CountersignError).body) : undefined;
      // More is demanded while others ask too, so a proof may not be enough any more; but not for ever.
      if (!work || solved === MOST) throw error;
      proof = await solve(work);
    }
  }
}

const MOST = 3;
