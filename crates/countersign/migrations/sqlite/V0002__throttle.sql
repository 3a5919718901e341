-- Failed sign-ins in a row, by the keyed hash of an account's name or by device: no name, and whether the account exists
-- is not to be seen here. Zero failures: what was counted until then is forgiven, which other processes have to learn.
CREATE TABLE throttle (
    key             BLOB    PRIMARY KEY CHECK (length(key) = 17),
    failures        INTEGER NOT NULL CHECK (failures >= 0),
    last_failure_at INTEGER NOT NULL
) STRICT;

CREATE INDEX throttle_by_time ON throttle (last_failure_at);
