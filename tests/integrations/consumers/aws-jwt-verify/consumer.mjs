import { OFFLINE } from '../../cases.mjs';
import { nodePackage } from '../../versions.mjs';

export default {
  title: 'AWS Lambda, aws-jwt-verify',
  page: 'aws',
  algorithms: 'RS, ES and EdDSA',
  differs: OFFLINE,
  version: () => nodePackage('aws-jwt-verify'),
  start(place) {
    place.copy('app.mjs');
    return place.start('node', ['app.mjs']);
  },
};
