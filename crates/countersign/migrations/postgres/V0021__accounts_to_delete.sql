CREATE INDEX CONCURRENTLY IF NOT EXISTS accounts_to_delete ON accounts (delete_at) WHERE delete_at IS NOT NULL;
