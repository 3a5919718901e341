-- An account whose owner has asked for its deletion is disabled too, so that a program that does not know these columns lets nobody
-- in. They hold while `deletion_asked_at` is `disabled_at`: whoever enables the account, or disables it by themselves, has cancelled it.
ALTER TABLE accounts ADD COLUMN deletion_asked_at bigint;
ALTER TABLE accounts ADD COLUMN delete_at bigint;
