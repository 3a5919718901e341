-- What is good once and was used, by its hash, until it is over by itself: pushed requests, assertions of clients.
CREATE TABLE used_once (
    hash       bytea NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
    expires_at bigint NOT NULL
);

CREATE INDEX used_once_by_expiry ON used_once (expires_at);
