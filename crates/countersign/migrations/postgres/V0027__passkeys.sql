-- What there is of a second factor that is a passkey. It is found by its credential ID, before anybody has said who they are. What
-- changes with each use has columns of its own; the rest of the credential record is one document.
CREATE TABLE passkeys (
    credential_id bytea   NOT NULL PRIMARY KEY,
    factor_id     uuid    NOT NULL UNIQUE,
    account_id    uuid    NOT NULL,
    record        text    NOT NULL,
    sign_count    bigint  NOT NULL,
    backed_up     boolean NOT NULL,
    signs_in      boolean NOT NULL         -- whether it may be shown alone
);

CREATE INDEX passkeys_of_account ON passkeys (account_id);

-- Challenges that were answered, so that none is answered twice, until they are over.
CREATE TABLE passkey_challenges (
    account_id uuid   NOT NULL,
    hash       bytea  NOT NULL CHECK (length(hash) = 32),
    expires_at bigint NOT NULL,
    PRIMARY KEY (account_id, hash)
);
