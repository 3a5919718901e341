-- Whose session it was, and when it was ended: a feed resumes by that time after a restart. Unknown for older rows, which
-- are then given to everybody.
ALTER TABLE revocations ADD COLUMN account_id BLOB CHECK (length(account_id) = 16);
ALTER TABLE revocations ADD COLUMN ended_at INTEGER;

-- Who may follow the feed of ended sessions. The key itself is derived from the master key, the name and the number, and is
-- not here. A number is never given twice.
CREATE TABLE feed_keys (
    number     INTEGER PRIMARY KEY,
    name       TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;

CREATE UNIQUE INDEX live_feed_keys ON feed_keys (name) WHERE revoked_at IS NULL;
