-- What there is of a second factor that is a passkey. It is found by its credential ID, before anybody has said who they are. What
-- changes with each use has columns of its own; the rest of the credential record is one document.
CREATE TABLE passkeys (
    credential_id BLOB    NOT NULL PRIMARY KEY,
    factor_id     BLOB    NOT NULL UNIQUE REFERENCES second_factors (id) ON DELETE CASCADE,
    account_id    BLOB    NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    record        TEXT    NOT NULL,
    sign_count    INTEGER NOT NULL,
    backed_up     INTEGER NOT NULL,
    signs_in      INTEGER NOT NULL         -- whether it may be shown alone
) STRICT;

CREATE INDEX passkeys_of_account ON passkeys (account_id);

-- Challenges that were answered, so that none is answered twice, until they are over.
CREATE TABLE passkey_challenges (
    account_id BLOB    NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    hash       BLOB    NOT NULL CHECK (length(hash) = 32),
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, hash)
) STRICT, WITHOUT ROWID;
