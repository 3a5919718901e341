-- Sessions of applications that people sign in to: whose, and what was allowed. Words with spaces between them.
ALTER TABLE sessions ADD COLUMN client_id text;
ALTER TABLE sessions ADD COLUMN scopes text;
ALTER TABLE sessions ADD COLUMN resources text;

-- Authorization codes: a hash of each, what it is good for, and which session it has begun.
CREATE TABLE oauth_codes (
    hash         bytea  NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
    client_id    text   NOT NULL,
    redirect_uri text   NOT NULL,
    challenge    text,
    nonce        text,
    scopes       text   NOT NULL,
    resources    text   NOT NULL,
    account_id   uuid   NOT NULL,
    session_id   uuid   NOT NULL,
    created_at   bigint NOT NULL,
    expires_at   bigint NOT NULL,
    used_at      bigint,
    used_by      uuid
);

CREATE INDEX oauth_codes_by_expiry ON oauth_codes (expires_at);
CREATE INDEX oauth_codes_of_account ON oauth_codes (account_id);

-- What owners of accounts have allowed applications, for each set of resources.
CREATE TABLE oauth_consents (
    account_id uuid   NOT NULL,
    client_id  text   NOT NULL,
    resources  text   NOT NULL,
    scopes     text   NOT NULL,
    granted_at bigint NOT NULL,
    PRIMARY KEY (account_id, client_id, resources)
);
