-- Who is sent the rows of the audit log, and up to which position of its chain they have them.
CREATE TABLE audit_readers (
    name     text COLLATE "C" NOT NULL PRIMARY KEY,
    position bigint           NOT NULL
);
