-- The public key without whose proof a session is not refreshed, as a JWK in the spelling of RFC 7638; none for most. A program that
-- does not know it refreshes such a session without.
ALTER TABLE sessions ADD COLUMN bound_key text;
