import { randomUUID } from 'node:crypto';
import { chownSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { OFFLINE } from '../../cases.mjs';
import { program } from '../../place.mjs';
import { USER } from '../../world.mjs';

// PostgreSQL refuses to run as root.
const NOBODY = 65_534;
const user = process.getuid() === 0 ? { uid: NOBODY, gid: NOBODY } : {};

const newest = () => `/usr/lib/postgresql/${readdirSync('/usr/lib/postgresql').sort((a, b) => b - a)[0]}/bin`;

export default {
  title: 'PostgreSQL, row-level security',
  deep: true,
  algorithms: 'those of the service in front',
  differs: OFFLINE,
  version: (place) => place.run(`${newest()}/postgres`, ['--version']).replace(/^\S+ \(PostgreSQL\) (\S+)[^]*/, 'PostgreSQL $1'),

  async start(place) {
    place.copy('schema.sql', 'app.py');
    const folder = mkdtempSync(join(tmpdir(), 'countersign-postgres-'));
    if (user.uid) chownSync(folder, user.uid, user.gid);
    place.undo = () => rmSync(folder, { recursive: true, force: true });
    const inFolder = { cwd: folder, ...user };
    place.run(`${newest()}/initdb`, ['--pgdata=data', '--username=owner', '--auth=trust', '--no-sync', '--encoding=UTF8', '--no-locale'], inFolder);
    const sql = (role, text) => place.run('psql', ['-h', folder, '-U', role, '-d', 'postgres', '-v', 'ON_ERROR_STOP=1', '-Atq'], { input: text });
    const ready = async () => {
      try {
        return sql('owner', 'SELECT 1') !== '';
      } catch {
        return false;
      }
    };
    await place.start(`${newest()}/postgres`, ['-D', 'data', '-k', folder, '-c', 'listen_addresses=', '-c', 'fsync=off'], { ...inFolder, ready });
    sql('owner', place.read('schema.sql'));
    const { sub } = decodeJwt(place.world.tokens.good);
    sql('owner', `INSERT INTO notes (owner, text) VALUES ('${sub}', '${USER}'), ('${randomUUID()}', 'mallory')`);
    place.sql = sql;
    const env = { DATABASE: `host=${folder} user=service dbname=postgres` };
    return place.start(program('flask'), ['run', '--host', '127.0.0.1', '--port', String(place.port)], { env });
  },

  also(place) {
    const { sub } = decodeJwt(place.world.tokens.good);
    const faults = [];
    const expect = (what, text, expected) => {
      const said = place.sql('service', text).trim();
      if (said !== expected) faults.push(`${what}: ${said}`);
    };
    const claims = `SELECT set_config('request.jwt.claims', '{"sub":"${sub}"}', true) IS NULL`;
    expect('without claims, rows are visible', 'SELECT count(*) FROM notes', '0');
    expect('claims outlive their transaction', `BEGIN; ${claims}; SELECT count(*) FROM notes; COMMIT; SELECT count(*) FROM notes`, 'f\n1\n0');
    const stolen = `BEGIN; ${claims}; UPDATE notes SET owner = '${randomUUID()}'; COMMIT`;
    try {
      place.sql('service', stolen);
      faults.push('a row can be given to somebody else');
    } catch (error) {
      if (!/row-level security/.test(error.stderr)) throw error;
    }
    return faults;
  },
};
