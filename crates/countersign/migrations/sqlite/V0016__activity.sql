-- What has happened, for the overview: one row for each minute, kept for a day, and for each hour, kept for a month, in which
-- there is anything to say. Some 45,000 rows at most.
CREATE TABLE activity (
    grain  INTEGER NOT NULL, -- milliseconds
    at     INTEGER NOT NULL, -- when the minute or the hour begins
    figure TEXT    NOT NULL,
    label  TEXT    NOT NULL, -- which outcome is counted; empty where there is only one
    value  INTEGER NOT NULL CHECK (value >= 0),
    PRIMARY KEY (grain, at, figure, label)
) STRICT;
