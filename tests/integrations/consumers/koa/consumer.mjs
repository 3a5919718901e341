import { OFFLINE, TRIES_KEYS } from '../../cases.mjs';
import { nodePackage } from '../../versions.mjs';

export default {
  title: 'Koa',
  algorithms: 'all that `jose` knows',
  differs: { ...OFFLINE, ...TRIES_KEYS },
  version: () => `${nodePackage('koa')}, ${nodePackage('jose')}`,
  start(place) {
    place.copy('app.mjs');
    return place.start('node', ['app.mjs']);
  },
};
