import { OFFLINE, TRIES_KEYS } from '../../cases.mjs';
import { nodePackage } from '../../versions.mjs';

export default {
  title: 'Hono',
  algorithms: 'all that `jose` knows',
  differs: { ...OFFLINE, ...TRIES_KEYS },
  version: () => `${nodePackage('hono')}, ${nodePackage('jose')}`,
  start(place) {
    place.copy('app.mjs');
    return place.start('node', ['app.mjs']);
  },
};
