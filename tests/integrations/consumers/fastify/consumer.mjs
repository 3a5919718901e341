import { OFFLINE } from '../../cases.mjs';
import { nodePackage } from '../../versions.mjs';

export default {
  title: 'Fastify',
  algorithms: 'RSA and EC, no EdDSA',
  differs: OFFLINE,
  version: () => ['fastify', '@fastify/jwt', 'get-jwks'].map(nodePackage).join(', '),
  start(place) {
    place.copy('app.mjs');
    return place.start('node', ['app.mjs']);
  },
};
