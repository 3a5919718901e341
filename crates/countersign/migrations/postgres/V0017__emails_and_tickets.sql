-- E-mail addresses of accounts. Anybody may claim an address; one account may have it verified, and sign in by it.
CREATE TABLE email_addresses (
    id          uuid   NOT NULL PRIMARY KEY,
    account_id  uuid   NOT NULL,
    canonical   text COLLATE "C" NOT NULL, -- lower case, the domain as A-labels
    address     text    NOT NULL, -- as its owner writes it before the @
    verified_at bigint,
    is_primary  boolean NOT NULL,
    created_at  bigint NOT NULL,
    CHECK (NOT is_primary OR verified_at IS NOT NULL),
    UNIQUE (account_id, canonical)
);

CREATE UNIQUE INDEX verified_email_addresses ON email_addresses (canonical) WHERE verified_at IS NOT NULL;
CREATE INDEX email_addresses_by_canonical ON email_addresses (canonical, created_at);

-- What a mail lets somebody do, once. Of the secret in its link there is the SHA-256; of the code, and of the browser that asked,
-- a hash under a key that is not in the database.
CREATE TABLE tickets (
    id               uuid   NOT NULL PRIMARY KEY,
    purpose          text    NOT NULL,
    account_id       uuid, -- none: nobody can use it
    canonical        text COLLATE "C" NOT NULL, -- of the address that the mail goes to
    address          text    NOT NULL,
    secret_hash      bytea   NOT NULL UNIQUE CHECK (length(secret_hash) = 32),
    code_hash        bytea   CHECK (length(code_hash) = 32),
    browser_hash     bytea   CHECK (length(browser_hash) = 32),
    tries_left       bigint NOT NULL CHECK (tries_left >= 0),
    password_version bigint,
    payload          bytea, -- sealed
    source           bytea   CHECK (length(source) = 16), -- stands for the network that asked
    created_at       bigint NOT NULL,
    expires_at       bigint NOT NULL,
    consumed_at      bigint
);

-- Rows to lock, so that those who ask at once for one address or from one network count each other: each belongs to many of both.
CREATE TABLE ticket_locks (
    number bigint NOT NULL PRIMARY KEY
);
INSERT INTO ticket_locks (number) SELECT generate_series(0, 63);

CREATE INDEX tickets_of_address ON tickets (canonical, created_at);
CREATE INDEX tickets_of_account ON tickets (account_id, created_at) WHERE account_id IS NOT NULL;
CREATE INDEX tickets_of_source ON tickets (source, created_at) WHERE source IS NOT NULL;
CREATE INDEX tickets_by_expiry ON tickets (expires_at);
