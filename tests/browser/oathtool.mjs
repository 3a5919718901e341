// What an authenticator shows, computed by another program: Debian's `oathtool`.
import { spawnSync } from 'node:child_process';

export const STEP_MS = 30_000;

/** The code that the authenticator with this secret shows in a time step. */
export function codeOfStep(secret, step) {
  const now = new Date(step * STEP_MS).toISOString().replace('T', ' ').slice(0, 19);
  const { status, stdout, stderr } = spawnSync('oathtool', ['--totp', '--base32', `--now=${now} UTC`, secret.replace(/\s/g, '')], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`oathtool ended with ${status}: ${stderr}`);
  return stdout.trim();
}
