-- By which programs act for an account without signing in. Of the secret, its SHA-256: it has 256 random bits. Access tokens
-- name the `session_id`, under which they are refused when the key is revoked or its account disabled.
CREATE TABLE api_keys (
    id           BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    account_id   BLOB    NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    secret_hash  BLOB    NOT NULL UNIQUE CHECK (length(secret_hash) = 32),
    name         TEXT    NOT NULL,
    audience     TEXT,             -- none: the default audience, whatever its name is
    scopes       TEXT    NOT NULL, -- with spaces between them
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    last_used_at INTEGER,          -- to the hour
    revoked_at   INTEGER,
    session_id   BLOB    NOT NULL CHECK (length(session_id) = 16)
) STRICT;

CREATE INDEX api_keys_of_account ON api_keys (account_id, created_at);
CREATE INDEX api_keys_by_expiry ON api_keys (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX revoked_api_keys ON api_keys (revoked_at) WHERE revoked_at IS NOT NULL;
