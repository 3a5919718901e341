-- An administrator looks at the newest accounts.
CREATE INDEX accounts_by_creation ON accounts (created_at, id);
