-- What is good once and was used, by its hash, until it is over by itself: pushed requests, assertions of clients.
CREATE TABLE used_once (
    hash       BLOB NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
    expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX used_once_by_expiry ON used_once (expires_at);
