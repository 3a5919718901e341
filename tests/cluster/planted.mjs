// Ten mistakes that a server, its database or its operator could make, one at a time. Each has to be found, or the checker is
// blind. They are planted around the binary: in settings, in the database by triggers and by hand, in the network.

/** Rotations every few seconds, so that a short run has many. */
const OFTEN = { COUNTERSIGN_SESSION__GRACE: '5s', COUNTERSIGN_SESSION__MIN_AGE: '10s' };
/** The node behind PgBouncer. */
const POOLED = 'node3';

const onEvery = (when, table, body) => `
  CREATE FUNCTION planted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${body} END $$;
  CREATE TRIGGER planted ${when} ON ${table} FOR EACH ROW EXECUTE FUNCTION planted()`;

/**
 * `rule` is what a violation has to say. `environment` is of a node; `begin` comes before people do, `amid` while they are busy,
 * `end` when they have finished; `faults` happen in between.
 */
export const PLANTED = {
  'no grace': { rule: /^sign-in/, environment: () => ({ COUNTERSIGN_SESSION__GRACE: '0s', COUNTERSIGN_SESSION__MIN_AGE: '0s' }) },
  'a node that hears nothing': {
    rule: /^ended session/,
    amid: ({ nodes }) => nodes.find(({ name }) => name === POOLED).run('nft', ['-f', '-'], { input: 'table ip deaf {\nchain output { type filter hook output priority 0; tcp dport 6432 drop; }\n}' }),
  },
  'the ends of sessions are told to nobody': {
    rule: /^ended session/,
    begin: (cluster) => cluster.sql(onEvery('AFTER INSERT', 'revocations', 'DELETE FROM revocations WHERE session_id = NEW.session_id; RETURN NULL;')),
  },
  'a log-out is not stored': {
    rule: /^ended session/,
    begin: (cluster) => cluster.sql(onEvery('BEFORE UPDATE', 'sessions', 'NEW.revoked_at = NULL; NEW.end_reason = NULL; RETURN NEW;')),
  },
  'a new password is not stored': {
    rule: /^password/,
    begin: (cluster) => cluster.sql(onEvery('BEFORE UPDATE', 'accounts', 'NEW.password_hash = OLD.password_hash; RETURN NEW;')),
  },
  'passwords of an old copy': {
    rule: /^password/,
    begin: (cluster) => cluster.sql('CREATE TABLE old_copy AS SELECT id, password_hash FROM accounts'),
    amid: (cluster) => cluster.sql('UPDATE accounts a SET password_hash = o.password_hash FROM old_copy o WHERE o.id = a.id'),
  },
  'rows of an old copy': { rule: /^generation/, environment: () => OFTEN, end: (cluster) => cluster.sql('UPDATE sessions SET generation = 0') },
  'a node with a database of its own': {
    rule: /^sign-in/,
    before: (cluster) => cluster.copyDatabase('another'),
    environment: (node) => (node.name === POOLED ? { COUNTERSIGN_STORE: `postgres://countersign@node1,node2,node3/another?sslrootcert=${node.path('/etc/countersign/ca.pem')}` } : {}),
  },
  'synchronous_commit = local': {
    rule: /was acknowledged and is lost/,
    faults: ['cut', 'cut'],
    // The connections that there are began with the setting of before.
    async begin(cluster) {
      await cluster.sql("ALTER ROLE countersign SET synchronous_commit = 'local'");
      await cluster.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'countersign'");
    },
  },
  'asynchronous replication that is taken for synchronous': { rule: /was acknowledged and is lost/, faults: ['cut', 'cut'], replication: 'asynchronous' },
};
