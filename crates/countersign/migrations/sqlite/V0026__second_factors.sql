-- Authenticators of accounts. What an authenticator and we share is sealed; of its codes, the time step of the last one is kept, so
-- that none is accepted twice.
CREATE TABLE second_factors (
    id           BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    account_id   BLOB    NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    kind         TEXT    NOT NULL,
    name         TEXT    NOT NULL,
    sealed       BLOB    NOT NULL,
    last_step    INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    last_used_at INTEGER
) STRICT;

CREATE INDEX second_factors_of_account ON second_factors (account_id, created_at);

-- For the day on which all authenticators are lost, each good once: hashes under a key that is not in the database.
CREATE TABLE recovery_codes (
    account_id BLOB    NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    hash       BLOB    NOT NULL CHECK (length(hash) = 32),
    created_at INTEGER NOT NULL,
    used_at    INTEGER,
    PRIMARY KEY (account_id, hash)
) STRICT, WITHOUT ROWID;

-- Devices on which an owner is not asked for a second factor for a while.
CREATE TABLE trusted_devices (
    id          BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    account_id  BLOB    NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    device_hash BLOB    NOT NULL CHECK (length(device_hash) = 32),
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    user_agent  TEXT,
    UNIQUE (account_id, device_hash)
) STRICT;

CREATE INDEX trusted_devices_by_expiry ON trusted_devices (expires_at);
