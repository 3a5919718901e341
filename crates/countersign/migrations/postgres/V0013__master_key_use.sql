-- Until when a master key made new things: tokens of it may live for so much longer. For those of before this step, now.
ALTER TABLE master_keys ADD COLUMN used_at bigint;
UPDATE master_keys SET used_at = (extract(epoch FROM clock_timestamp()) * 1000)::bigint;

-- The number of the master key that a feed key is made from; unknown for older rows.
ALTER TABLE feed_keys ADD COLUMN master_key bigint;

-- The numbers of the master keys that a node knows, the one that it uses first; nothing from older versions.
ALTER TABLE nodes ADD COLUMN master_keys text;

-- Keys that are sealed under the master key and belong to no table of their own. `audit`: signs the audit log.
CREATE TABLE sealed_keys (
    name   text COLLATE "C" NOT NULL PRIMARY KEY,
    sealed bytea            NOT NULL
);

-- The signature of a row, made when it is written; none in older rows.
ALTER TABLE audit_log ADD COLUMN mac bytea;

-- The rows of the audit log in the order in which they were chained, a moment after they were written.
CREATE TABLE audit_chain (
    position bigint NOT NULL PRIMARY KEY,
    sequence bigint NOT NULL UNIQUE,
    link     bytea  NOT NULL CHECK (length(link) = 32)
);

-- Positions whose rows were deleted because their time was over, signed.
CREATE TABLE audit_gaps (
    first bigint NOT NULL PRIMARY KEY,
    last  bigint NOT NULL,
    mac   bytea  NOT NULL CHECK (length(mac) = 32)
);

-- The end of the chain, signed. Rows up to `begun_after` are of before there was a chain.
CREATE TABLE audit_head (
    number      bigint NOT NULL PRIMARY KEY CHECK (number = 1),
    begun_after bigint NOT NULL,
    position    bigint NOT NULL,
    link        bytea  NOT NULL CHECK (length(link) = 32),
    cursor      text   NOT NULL,
    mac         bytea  NOT NULL CHECK (length(mac) = 32)
);

-- Whoever adds to the chain, or deletes from it.
INSERT INTO locks (name) VALUES ('audit');
