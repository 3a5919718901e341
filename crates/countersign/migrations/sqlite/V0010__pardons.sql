-- Processes add what they have counted. Failures from before the last pardon do not count, whenever they are reported.
ALTER TABLE throttle ADD COLUMN forgiven_at INTEGER;
UPDATE throttle SET forgiven_at = last_failure_at WHERE failures = 0;

CREATE INDEX throttle_by_pardon ON throttle (forgiven_at) WHERE forgiven_at IS NOT NULL;
