-- Services that may ask about tokens and revoke them. Of the secret, its SHA-256: it has 256 random bits.
CREATE TABLE clients (
    name TEXT NOT NULL PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 64),
    secret_hash BLOB NOT NULL CHECK (length(secret_hash) = 32),
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
