-- Instants are integer Unix milliseconds, ids are 16 bytes. Nothing here can be replayed as a credential: a session
-- keeps SHA-256 of a random secret, a signing key is sealed under a master key that lives elsewhere.

CREATE TABLE accounts (
    id               BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    username         TEXT    NOT NULL,        -- as its owner writes it
    canonical_name   TEXT    NOT NULL UNIQUE, -- folded: one name in all its spellings
    role             TEXT    NOT NULL,
    claims           TEXT    NOT NULL,        -- a JSON object
    password_hash    TEXT,                    -- without one nobody can sign in
    password_version INTEGER NOT NULL,        -- grows with every change of the password
    disabled_at      INTEGER,
    created_at       INTEGER NOT NULL
) STRICT;

CREATE INDEX enabled_administrators ON accounts (role) WHERE role = 'admin' AND disabled_at IS NULL;

-- One row for a session's whole life. A rotation changes columns that no index contains: it writes one page.
CREATE TABLE sessions (
    id          BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    account_id  BLOB    NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    secret_hash BLOB    NOT NULL CHECK (length(secret_hash) = 32),
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    generation  INTEGER NOT NULL CHECK (generation BETWEEN 0 AND 4294967295),
    rotated_at  INTEGER NOT NULL,
    revoked_at  INTEGER,
    end_reason  TEXT,
    user_agent  TEXT,
    address     TEXT,
    CHECK ((revoked_at IS NULL) = (end_reason IS NULL))
) STRICT;

CREATE INDEX open_sessions_of_account ON sessions (account_id, created_at) WHERE revoked_at IS NULL;
CREATE INDEX sessions_of_account ON sessions (account_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);
CREATE INDEX revoked_sessions ON sessions (revoked_at) WHERE revoked_at IS NOT NULL;

-- What every guard has to know: sessions that ended while access tokens of theirs may still run. Followed by its
-- sequence, which has no gaps and is never given twice.
CREATE TABLE revocations (
    sequence   INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id BLOB    NOT NULL CHECK (length(session_id) = 16),
    until      INTEGER NOT NULL
) STRICT;

CREATE INDEX revocations_by_end ON revocations (until);

CREATE TABLE signing_keys (
    number      INTEGER PRIMARY KEY AUTOINCREMENT, -- the order in which they were made
    kid         TEXT    NOT NULL UNIQUE,
    algorithm   TEXT    NOT NULL,
    sealed      BLOB    NOT NULL,
    created_at  INTEGER NOT NULL,
    active_from INTEGER NOT NULL
) STRICT;

CREATE TABLE master_keys (
    number      INTEGER PRIMARY KEY CHECK (number BETWEEN 0 AND 255),
    fingerprint BLOB    NOT NULL CHECK (length(fingerprint) = 32)
) STRICT;

CREATE TABLE audit_log (
    sequence   INTEGER PRIMARY KEY AUTOINCREMENT,
    at         INTEGER NOT NULL,
    actor      TEXT    NOT NULL CHECK (actor IN ('anonymous', 'account', 'command_line', 'system')),
    actor_id   BLOB, -- the account, when the actor is one
    address    TEXT,
    kind       TEXT    NOT NULL,
    account_id BLOB,
    session_id BLOB,
    detail     TEXT
) STRICT;

CREATE INDEX audit_log_by_account ON audit_log (account_id, sequence) WHERE account_id IS NOT NULL;
CREATE INDEX audit_log_by_time ON audit_log (at);
-- What anybody can make the log grow by without signing in; bounded in number, not only in age.
CREATE INDEX failed_logins ON audit_log (sequence) WHERE kind IN ('login_failed', 'login_throttled');

-- The readiness probe writes here to learn whether the disk takes writes again.
CREATE TABLE probe (
    number     INTEGER PRIMARY KEY CHECK (number = 1),
    checked_at INTEGER NOT NULL
) STRICT;
