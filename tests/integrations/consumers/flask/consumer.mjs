import { OFFLINE } from '../../cases.mjs';
import { program } from '../../place.mjs';
import { pythonPackage } from '../../versions.mjs';

export default {
  title: 'Flask',
  algorithms: 'all that PyJWT knows',
  differs: OFFLINE,
  version: () => ['Flask', 'PyJWT'].map(pythonPackage).join(', '),
  start(place) {
    place.copy('app.py');
    return place.start(program('flask'), ['run', '--host', '127.0.0.1', '--port', String(place.port)]);
  },
};
