import { OFFLINE } from '../../cases.mjs';
import { debianPackage } from '../../versions.mjs';

export default {
  title: 'Perl, Plack',
  deep: true,
  algorithms: 'RS, PS, ES and EdDSA',
  differs: OFFLINE,
  version: () => debianPackage('libcrypt-jwt-perl').replace('libcrypt-jwt-perl', 'Crypt::JWT'),
  start(place) {
    place.copy('app.psgi');
    return place.start('plackup', ['--host', '127.0.0.1', '--port', String(place.port), '--env', 'deployment', 'app.psgi']);
  },
};
