import { OFFLINE } from '../../cases.mjs';
import { debianPackage } from '../../versions.mjs';

// Debian's Go packages are sources in a GOPATH.
const env = { GO111MODULE: 'off', GOPATH: '/usr/share/gocode', GOFLAGS: '-p=1' };

export default {
  title: 'Go, golang-jwt',
  deep: true,
  algorithms: 'RS, PS, ES and EdDSA',
  differs: OFFLINE,
  version: () => debianPackage('golang-github-golang-jwt-jwt-dev').replace('golang-github-golang-jwt-jwt-dev', 'golang-jwt'),
  start(place) {
    place.copy('main.go');
    place.run('go', ['build', '-o', 'service', 'main.go'], { env });
    return place.start(place.path('service'), []);
  },
};
