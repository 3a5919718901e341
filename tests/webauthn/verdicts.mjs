// What npm's @simplewebauthn/server says about each ceremony.

import { createInterface } from 'node:readline';
import { webcrypto } from 'node:crypto';
import { verifyAuthenticationResponse, verifyRegistrationResponse } from '@simplewebauthn/server';

globalThis.crypto ??= webcrypto;

async function verify(test) {
  const shared = {
    response: JSON.parse(test.response),
    expectedChallenge: test.challenge,
    expectedOrigin: test.origin,
    expectedRPID: test.rpId,
    requireUserVerification: test.requireUserVerification,
  };
  if (test.ceremony === 'create') {
    const { verified, registrationInfo } = await verifyRegistrationResponse({ ...shared, supportedAlgorithmIDs: [-8, -7, -257] });
    if (!verified) throw new Error('not verified');
    const { id, publicKey, counter } = registrationInfo.credential;
    const hex = (bytes) => Buffer.from(bytes).toString('hex');
    return { id: hex(Buffer.from(id, 'base64url')), key: hex(publicKey), count: counter };
  }
  const { id, publicKey, count } = test.stored;
  const credential = { id, publicKey: new Uint8Array(Buffer.from(publicKey, 'base64url')), counter: count };
  const { verified, authenticationInfo } = await verifyAuthenticationResponse({ ...shared, credential });
  if (!verified) throw new Error('not verified');
  return { count: authenticationInfo.newCounter };
}

for await (const line of createInterface({ input: process.stdin })) {
  const test = JSON.parse(line);
  try {
    console.log(JSON.stringify({ case: test.case, accepts: true, found: await verify(test) }));
  } catch (error) {
    console.log(JSON.stringify({ case: test.case, accepts: false, why: `${error?.name}: ${error?.message}` }));
  }
}
