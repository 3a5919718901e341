-- Sessions of applications that people sign in to: whose, and what was allowed. Words with spaces between them.
ALTER TABLE sessions ADD COLUMN client_id TEXT;
ALTER TABLE sessions ADD COLUMN scopes TEXT;
ALTER TABLE sessions ADD COLUMN resources TEXT;

-- Authorization codes: a hash of each, what it is good for, and which session it has begun.
CREATE TABLE oauth_codes (
    hash         BLOB    NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
    client_id    TEXT    NOT NULL,
    redirect_uri TEXT    NOT NULL,
    challenge    TEXT,
    nonce        TEXT,
    scopes       TEXT    NOT NULL,
    resources    TEXT    NOT NULL,
    account_id   BLOB    NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    session_id   BLOB    NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    used_at      INTEGER,
    used_by      BLOB
) STRICT;

CREATE INDEX oauth_codes_by_expiry ON oauth_codes (expires_at);
CREATE INDEX oauth_codes_of_account ON oauth_codes (account_id);

-- What owners of accounts have allowed applications, for each set of resources.
CREATE TABLE oauth_consents (
    account_id BLOB    NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    client_id  TEXT    NOT NULL,
    resources  TEXT    NOT NULL,
    scopes     TEXT    NOT NULL,
    granted_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, client_id, resources)
) STRICT, WITHOUT ROWID;
