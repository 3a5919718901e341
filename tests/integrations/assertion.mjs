// What forward authentication promises beyond the table: the service gets the signed assertion, and no credential
// with which it could act as its callers.
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { AUDIENCE, USER } from './world.mjs';

export async function assertionCheck({ world }, ask) {
  const { headers } = JSON.parse((await ask(world.tokens.good)).body);
  const values = (name) => headers.filter((header) => header[0].toLowerCase() === name).map((header) => header[1]);
  const faults = [];
  if (values('authorization').length) faults.push('the service gets the access token');
  const [assertion, ...more] = values('x-auth-token');
  if (!assertion || more.length) return [...faults, 'the service does not get one assertion'];
  const { typ } = decodeProtectedHeader(assertion);
  const { username, iss, aud } = decodeJwt(assertion);
  const found = JSON.stringify({ typ, username, iss, aud });
  const expected = JSON.stringify({ typ: 'assertion+jwt', username: USER, iss: world.issuer, aud: AUDIENCE });
  if (found !== expected) faults.push(`the assertion says ${found}, not ${expected}`);
  return faults;
}
