-- In which language mails about an account are written; null as the browser says that asks for one. `former_locale` is the one before
-- `locale_since`, and before any change in the week before that: notices are in it for a week, whoever made the change.
ALTER TABLE accounts ADD COLUMN locale text;
ALTER TABLE accounts ADD COLUMN locale_since bigint;
ALTER TABLE accounts ADD COLUMN former_locale text;
