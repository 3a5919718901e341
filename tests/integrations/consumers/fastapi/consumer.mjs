import { OFFLINE } from '../../cases.mjs';
import { program } from '../../place.mjs';
import { pythonPackage } from '../../versions.mjs';

export default {
  title: 'FastAPI',
  algorithms: 'all that PyJWT knows',
  differs: OFFLINE,
  version: () => ['fastapi', 'PyJWT'].map(pythonPackage).join(', '),
  start(place) {
    place.copy('app.py');
    return place.start(program('uvicorn'), ['app:app', '--host', '127.0.0.1', '--port', String(place.port)]);
  },
};
