-- Until when a master key made new things: tokens of it may live for so much longer. For those of before this step, now.
ALTER TABLE master_keys ADD COLUMN used_at INTEGER;
UPDATE master_keys SET used_at = CAST(strftime('%s', 'now') AS INTEGER) * 1000;

-- The number of the master key that a feed key is made from; unknown for older rows.
ALTER TABLE feed_keys ADD COLUMN master_key INTEGER;

-- Keys that are sealed under the master key and belong to no table of their own. `audit`: signs the audit log.
CREATE TABLE sealed_keys (
    name   TEXT NOT NULL PRIMARY KEY,
    sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- The signature of a row, made when it is written; none in older rows.
ALTER TABLE audit_log ADD COLUMN mac BLOB;

-- The rows of the audit log in the order in which they were chained, a moment after they were written.
CREATE TABLE audit_chain (
    position INTEGER PRIMARY KEY,
    sequence INTEGER NOT NULL UNIQUE,
    link     BLOB    NOT NULL CHECK (length(link) = 32)
) STRICT;

-- Positions whose rows were deleted because their time was over, signed.
CREATE TABLE audit_gaps (
    first INTEGER PRIMARY KEY,
    last  INTEGER NOT NULL,
    mac   BLOB    NOT NULL CHECK (length(mac) = 32)
) STRICT;

-- The end of the chain, signed. Rows up to `begun_after` are of before there was a chain.
CREATE TABLE audit_head (
    number      INTEGER PRIMARY KEY CHECK (number = 1),
    begun_after INTEGER NOT NULL,
    position    INTEGER NOT NULL,
    link        BLOB    NOT NULL CHECK (length(link) = 32),
    cursor      TEXT    NOT NULL,
    mac         BLOB    NOT NULL CHECK (length(mac) = 32)
) STRICT;
