// Asking for a mail, with the work that the server may demand for it, and using what the mail brings.

import { CountersignError } from '../errors.ts';
import type { StartedMail } from '../wire.ts';
import { jsonWith, type Call } from './call.ts';
import { shown } from './shown.ts';
import type { AskOptions } from './types.ts';
import { challengeIn, solve } from './work.ts';

export type Purpose = 'verify' | 'reset' | 'sign_in' | 'register';

/** More is demanded while others ask too, so a proof may not be enough any more; but not for ever. */
const MOST_PROOFS = 3;

/** Asks for a mail, and solves what the server demands meanwhile. */
export async function askForMail(call: Call, purpose: Purpose, address: string, { captcha }: AskOptions = {}): Promise<StartedMail> {
  let proof: string | undefined;
  for (let solved = 0; ; solved++) {
    try {
      return jsonWith<StartedMail>(await call({ method: 'POST', path: '/api/email/start', body: { purpose, address, proof, captcha } }), 'expiresIn');
    } catch (error) {
      const work = error instanceof CountersignError && error.code === 'proof_required' ? challengeIn(error.body) : undefined;
      if (!work || solved === MOST_PROOFS) throw error;
      proof = await solve(work);
    }
  }
}

/** Uses a code or a link, with what it is for. Gives the text of the response: a new session's, or none. */
export async function useMail(call: Call, codeOrLink: string, more: object = {}): Promise<string> {
  return call({ method: 'POST', path: '/api/email/confirm', body: { ...shown(codeOrLink), ...more } });
}
