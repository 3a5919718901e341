import { OFFLINE } from '../../cases.mjs';
import { debianPackage } from '../../versions.mjs';

export default {
  title: 'Ruby, Rack',
  deep: true,
  algorithms: 'RS, PS and ES; no EdDSA',
  differs: OFFLINE,
  version: () => debianPackage('ruby-jwt'),
  start(place) {
    place.copy('config.ru');
    return place.start('puma', ['--quiet', '--bind', `tcp://127.0.0.1:${place.port}`, '--environment', 'production', 'config.ru']);
  },
};
