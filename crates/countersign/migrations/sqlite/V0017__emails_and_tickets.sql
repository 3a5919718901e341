-- E-mail addresses of accounts. Anybody may claim an address; one account may have it verified, and sign in by it.
CREATE TABLE email_addresses (
    id          BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    account_id  BLOB    NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    canonical   TEXT    NOT NULL, -- lower case, the domain as A-labels
    address     TEXT    NOT NULL, -- as its owner writes it before the @
    verified_at INTEGER,
    is_primary  INTEGER NOT NULL CHECK (is_primary IN (0, 1)),
    created_at  INTEGER NOT NULL,
    CHECK (is_primary = 0 OR verified_at IS NOT NULL),
    UNIQUE (account_id, canonical)
) STRICT;

CREATE UNIQUE INDEX verified_email_addresses ON email_addresses (canonical) WHERE verified_at IS NOT NULL;
CREATE INDEX email_addresses_by_canonical ON email_addresses (canonical, created_at);

-- What a mail lets somebody do, once. Of the secret in its link there is the SHA-256; of the code, and of the browser that asked,
-- a hash under a key that is not in the database.
CREATE TABLE tickets (
    id               BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    purpose          TEXT    NOT NULL,
    account_id       BLOB    REFERENCES accounts (id) ON DELETE CASCADE, -- none: nobody can use it
    canonical        TEXT    NOT NULL, -- of the address that the mail goes to
    address          TEXT    NOT NULL,
    secret_hash      BLOB    NOT NULL UNIQUE CHECK (length(secret_hash) = 32),
    code_hash        BLOB    CHECK (length(code_hash) = 32),
    browser_hash     BLOB    CHECK (length(browser_hash) = 32),
    tries_left       INTEGER NOT NULL CHECK (tries_left >= 0),
    password_version INTEGER,
    payload          BLOB, -- sealed
    source           BLOB    CHECK (length(source) = 16), -- stands for the network that asked
    created_at       INTEGER NOT NULL,
    expires_at       INTEGER NOT NULL,
    consumed_at      INTEGER
) STRICT;

CREATE INDEX tickets_of_address ON tickets (canonical, created_at);
CREATE INDEX tickets_of_account ON tickets (account_id, created_at) WHERE account_id IS NOT NULL;
CREATE INDEX tickets_of_source ON tickets (source, created_at) WHERE source IS NOT NULL;
CREATE INDEX tickets_by_expiry ON tickets (expires_at);
