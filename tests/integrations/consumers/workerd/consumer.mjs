import { OFFLINE, TRIES_KEYS } from '../../cases.mjs';
import { nodePackage } from '../../versions.mjs';

export default {
  title: 'Cloudflare Workers',
  page: 'workers',
  deep: true,
  algorithms: 'all that `jose` knows',
  differs: { ...OFFLINE, ...TRIES_KEYS },
  version: () => ['workerd', 'jose'].map(nodePackage).join(', '),
  start(place) {
    place.copy('worker.mjs', 'serve.mjs');
    place.run('node_modules/.bin/esbuild', ['worker.mjs', '--bundle', '--format=esm', '--conditions=workerd,worker,browser', '--outfile=bundle.mjs', '--log-level=error']);
    return place.start('node', ['serve.mjs']);
  },
};
