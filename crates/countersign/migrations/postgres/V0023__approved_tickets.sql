-- When whoever reads the mail of a sign-in has let the browser that asked for it go on. A program that does not know this signs nobody
-- in by mail.
ALTER TABLE tickets ADD COLUMN approved_at bigint;
