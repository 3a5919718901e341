import { OFFLINE, TRIES_KEYS } from '../../cases.mjs';
import { nodePackage } from '../../versions.mjs';

const env = { NEXT_TELEMETRY_DISABLED: '1' };

export default {
  title: 'Next.js',
  deep: true,
  algorithms: 'all that `jose` knows',
  differs: { ...OFFLINE, ...TRIES_KEYS },
  version: () => ['next', 'jose'].map(nodePackage).join(', '),
  start(place) {
    place.copy('authenticated.js', 'app/route.js');
    const next = 'node_modules/.bin/next';
    place.run(next, ['build', '--webpack'], { env });
    return place.start(next, ['start', '--hostname', '127.0.0.1', '--port', String(place.port)], { env });
  },
};
