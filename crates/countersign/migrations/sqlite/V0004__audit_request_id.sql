-- Which request it was, for those that came over HTTP: its answer and the server's log name it too.
ALTER TABLE audit_log ADD COLUMN request_id BLOB CHECK (length(request_id) = 16);
