-- What an account did to others, or to what belongs to nobody: little, as nearly everything is done by people for themselves.
CREATE INDEX CONCURRENTLY IF NOT EXISTS audit_log_by_other ON audit_log (actor_id, sequence)
    WHERE actor_id IS NOT NULL AND account_id IS DISTINCT FROM actor_id;
