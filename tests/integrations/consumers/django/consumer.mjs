import { OFFLINE } from '../../cases.mjs';
import { program } from '../../place.mjs';
import { pythonPackage } from '../../versions.mjs';

const SERVE = 'import sys, app; from wsgiref.simple_server import make_server; make_server("127.0.0.1", int(sys.argv[1]), app.application).serve_forever()';

export default {
  title: 'Django',
  algorithms: 'all that PyJWT knows',
  differs: OFFLINE,
  version: () => ['Django', 'PyJWT'].map(pythonPackage).join(', '),
  start(place) {
    place.copy('app.py');
    return place.start(program('python'), ['-c', SERVE, String(place.port)]);
  },
};
