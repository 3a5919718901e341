-- Who is sent the rows of the audit log, and up to which position of its chain they have them.
CREATE TABLE audit_readers (
    name     TEXT    NOT NULL PRIMARY KEY,
    position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
