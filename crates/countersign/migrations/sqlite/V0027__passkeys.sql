-- Passkeys are second factors with a credential ID, by which they are found before anybody has said who they are. What changes with
-- each use has columns of its own; the rest of the credential record is one document.
ALTER TABLE second_factors ADD COLUMN credential_id BLOB;
ALTER TABLE second_factors ADD COLUMN passkey TEXT;
ALTER TABLE second_factors ADD COLUMN sign_count INTEGER;
ALTER TABLE second_factors ADD COLUMN backed_up INTEGER;

CREATE UNIQUE INDEX second_factors_by_credential ON second_factors (credential_id) WHERE credential_id IS NOT NULL;

-- Challenges that were answered, so that none is answered twice, until they are over.
CREATE TABLE passkey_challenges (
    account_id BLOB    NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    hash       BLOB    NOT NULL CHECK (length(hash) = 32),
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, hash)
) STRICT, WITHOUT ROWID;
