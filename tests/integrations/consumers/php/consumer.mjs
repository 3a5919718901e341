import { OFFLINE } from '../../cases.mjs';

export default {
  title: 'PHP',
  deep: true,
  algorithms: 'ES256: the check is on the page',
  differs: OFFLINE,
  version: (place) => `PHP ${place.run('php', ['-r', 'echo PHP_VERSION;'])}`,
  start(place) {
    place.copy('countersign.php', 'index.php');
    const trust = ['-d', `openssl.cafile=${place.world.authorities}`];
    return place.start('php', [...trust, '-S', `127.0.0.1:${place.port}`, 'index.php']);
  },
};
