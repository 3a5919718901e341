-- The service signs in as this role. It owns nothing, so row-level security binds it.
CREATE ROLE service LOGIN NOSUPERUSER NOBYPASSRLS;

CREATE TABLE notes (
    id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner uuid NOT NULL, -- `sub`, which is never used again for somebody else
    text  text NOT NULL
);
CREATE INDEX ON notes (owner);

-- The claims of the transaction's caller; null outside one.
CREATE FUNCTION claims() RETURNS jsonb LANGUAGE sql STABLE
    RETURN nullif(current_setting('request.jwt.claims', true), '')::jsonb;

ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON notes TO service
    USING (owner = (SELECT (claims() ->> 'sub')::uuid))
    WITH CHECK (owner = (SELECT (claims() ->> 'sub')::uuid));
GRANT SELECT, INSERT, UPDATE, DELETE ON notes TO service;
