import { OFFLINE } from '../../cases.mjs';
import { debianPackage } from '../../versions.mjs';

export default {
  title: 'Elixir, erlang-jose',
  deep: true,
  algorithms: 'RS, PS, ES and EdDSA',
  differs: OFFLINE,
  version: () => debianPackage('erlang-jose'),
  start(place) {
    place.copy('countersign.exs', 'service.exs');
    return place.start('elixir', ['service.exs', String(place.port)]);
  },
};
