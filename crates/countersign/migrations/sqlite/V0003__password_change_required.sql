-- Whether its owner has to choose another password before a session of this account begins (PP-7).
ALTER TABLE accounts ADD COLUMN password_change_required INTEGER NOT NULL DEFAULT 0
    CHECK (password_change_required IN (0, 1));
