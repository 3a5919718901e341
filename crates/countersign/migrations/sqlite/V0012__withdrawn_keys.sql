-- Signing keys that somebody else may have. They never come back, so their IDs are kept for good.
CREATE TABLE withdrawn_keys (
    kid          TEXT    NOT NULL PRIMARY KEY,
    withdrawn_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
