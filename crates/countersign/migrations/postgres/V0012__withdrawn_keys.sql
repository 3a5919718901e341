-- Signing keys that somebody else may have. They never come back, so their IDs are kept for good.
CREATE TABLE withdrawn_keys (
    kid          text COLLATE "C" NOT NULL PRIMARY KEY,
    withdrawn_at bigint           NOT NULL
);
