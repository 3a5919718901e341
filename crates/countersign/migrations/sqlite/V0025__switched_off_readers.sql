-- Since when a reader of the audit log does not take it, when that was last tried, and when and why it was switched off. A program
-- that does not know this goes on trying.
ALTER TABLE audit_readers ADD COLUMN failing_since INTEGER;
ALTER TABLE audit_readers ADD COLUMN failed_at INTEGER;
ALTER TABLE audit_readers ADD COLUMN off_at INTEGER;
ALTER TABLE audit_readers ADD COLUMN off_because TEXT;
