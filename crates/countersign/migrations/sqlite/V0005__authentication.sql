-- When and by which methods (RFC 8176, with spaces between them) the owner of a session was authenticated. Until now there
-- were passwords only, and the password was checked when the session began.
ALTER TABLE sessions ADD COLUMN authenticated_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN amr TEXT NOT NULL DEFAULT 'pwd';
UPDATE sessions SET authenticated_at = created_at;
