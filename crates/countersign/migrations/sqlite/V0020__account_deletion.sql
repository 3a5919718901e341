-- An account whose owner has asked for its deletion is disabled too, so that a program that does not know these columns lets nobody
-- in. They hold while `deletion_asked_at` is `disabled_at`: whoever enables the account, or disables it by themselves, has cancelled it.
ALTER TABLE accounts ADD COLUMN deletion_asked_at INTEGER;
ALTER TABLE accounts ADD COLUMN delete_at INTEGER;
CREATE INDEX accounts_to_delete ON accounts (delete_at) WHERE delete_at IS NOT NULL;
-- What an account did to others, or to what belongs to nobody: little, as nearly everything is done by people for themselves.
CREATE INDEX audit_log_by_other ON audit_log (actor_id, sequence)
    WHERE actor_id IS NOT NULL AND account_id IS NOT actor_id;
