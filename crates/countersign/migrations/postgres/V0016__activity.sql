-- What has happened, for the overview: one row for each minute, kept for a day, and for each hour, kept for a month, in which
-- there is anything to say. Some 45,000 rows at most. Every node adds to them.
CREATE TABLE activity (
    grain  bigint           NOT NULL, -- milliseconds
    at     bigint           NOT NULL, -- when the minute or the hour begins
    figure text COLLATE "C" NOT NULL,
    label  text COLLATE "C" NOT NULL, -- which outcome is counted; empty where there is only one
    value  bigint           NOT NULL CHECK (value >= 0),
    PRIMARY KEY (grain, at, figure, label)
);
