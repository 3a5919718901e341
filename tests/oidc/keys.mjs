// The keys of the client `bank`, in two files of a directory: the private one, and the set with the public one for the server.
//
//   node keys.mjs DIRECTORY

import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const place = process.argv[2];
const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const more = { kid: 'bank-1', alg: 'ES256', use: 'sig' };
writeFileSync(join(place, 'bank.key.jwk'), JSON.stringify({ ...privateKey.export({ format: 'jwk' }), ...more }), { mode: 0o600 });
writeFileSync(join(place, 'bank.jwks'), JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), ...more }] }));
