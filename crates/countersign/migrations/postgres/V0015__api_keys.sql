-- By which programs act for an account without signing in. Of the secret, its SHA-256: it has 256 random bits. Access tokens
-- name the `session_id`, under which they are refused when the key is revoked or its account disabled.
CREATE TABLE api_keys (
    id           uuid   NOT NULL PRIMARY KEY,
    account_id   uuid   NOT NULL,
    secret_hash  bytea  NOT NULL UNIQUE CHECK (length(secret_hash) = 32),
    name         text   NOT NULL,
    audience     text, -- none: the default audience, whatever its name is
    scopes       text   NOT NULL, -- with spaces between them
    created_at   bigint NOT NULL,
    expires_at   bigint,
    last_used_at bigint,          -- to the hour
    revoked_at   bigint,
    session_id   uuid   NOT NULL
);

CREATE INDEX api_keys_of_account ON api_keys (account_id, created_at);
CREATE INDEX api_keys_by_expiry ON api_keys (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX revoked_api_keys ON api_keys (revoked_at) WHERE revoked_at IS NOT NULL;
