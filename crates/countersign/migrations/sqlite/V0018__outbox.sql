-- What is to be delivered to somebody outside, written in the transaction of its cause. What it says is sealed, and names a
-- one-time secret by its ticket: nothing usable is here.
CREATE TABLE outbox (
    number     INTEGER PRIMARY KEY AUTOINCREMENT, -- the order within a lane
    id         BLOB    NOT NULL UNIQUE,
    kind       TEXT    NOT NULL, -- `mail`; a program leaves kinds alone that it does not know
    lane       TEXT    NOT NULL, -- the recipient, as a keyed hash
    sealed     BLOB    NOT NULL,
    created_at INTEGER NOT NULL,
    not_before INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0,
    lease      INTEGER, -- until when a process is delivering it
    state      TEXT    NOT NULL CHECK (state IN ('waiting', 'sent', 'dead')),
    last_error TEXT,
    ended_at   INTEGER  -- when it was sent, or given up
) STRICT;

CREATE INDEX outbox_lanes ON outbox (kind, lane, number) WHERE state = 'waiting';
CREATE INDEX outbox_by_time ON outbox (not_before, number) WHERE state = 'waiting';
CREATE INDEX outbox_by_end ON outbox (coalesce(ended_at, expires_at));
