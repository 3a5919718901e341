import { chmodSync } from 'node:fs';
import { OFFLINE, TRIES_KEYS } from '../../cases.mjs';
import { debianPackage } from '../../versions.mjs';

export default {
  title: 'Apache, mod_auth_openidc',
  deep: true,
  algorithms: 'RS, PS and ES; no EdDSA',
  differs: {
    ...OFFLINE,
    ...TRIES_KEYS,
    'no expiry': { status: 200, why: 'It takes a token without `exp` for one that never expires. Countersign always sets it.' },
    'not yet valid': { status: 200, why: 'It does not look at `nbf`. Countersign sets none.' },
    'wrong type': { status: 200, why: 'It does not look at `typ`: whatever the same key signs for the same audience passes.' },
  },
  version: () => debianPackage('libapache2-mod-auth-openidc').replace('libapache2-mod-auth-openidc', 'mod_auth_openidc'),
  start(place) {
    place.copy('countersign.conf', 'httpd.conf', 'who.cgi');
    // Apache's processes run as nobody.
    for (const path of [place.world.folder, place.folder, place.path('who.cgi')]) chmodSync(path, 0o755);
    return place.start('apache2', ['-f', place.path('httpd.conf'), '-DFOREGROUND']);
  },
};
