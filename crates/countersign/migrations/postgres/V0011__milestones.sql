-- Instants that the store remembers of itself. `sessions_not_before`: sessions that began before are over, since the store was
-- put back to an earlier state. `backed_up`: of when the last backup is.
CREATE TABLE milestones (
    name text   COLLATE "C" NOT NULL PRIMARY KEY,
    at   bigint             NOT NULL
);
