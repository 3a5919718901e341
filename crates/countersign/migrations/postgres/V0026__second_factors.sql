-- Authenticators of accounts. What an authenticator and we share is sealed; of its codes, the time step of the last one is kept, so
-- that none is accepted twice.
CREATE TABLE second_factors (
    id           uuid   NOT NULL PRIMARY KEY,
    account_id   uuid   NOT NULL,
    kind         text   NOT NULL,
    name         text   NOT NULL,
    sealed       bytea  NOT NULL,
    last_step    bigint NOT NULL,
    created_at   bigint NOT NULL,
    last_used_at bigint
);

CREATE INDEX second_factors_of_account ON second_factors (account_id, created_at);

-- For the day on which all authenticators are lost, each good once: hashes under a key that is not in the database.
CREATE TABLE recovery_codes (
    account_id uuid   NOT NULL,
    hash       bytea  NOT NULL CHECK (length(hash) = 32),
    created_at bigint NOT NULL,
    used_at    bigint,
    PRIMARY KEY (account_id, hash)
);

-- Devices on which an owner is not asked for a second factor for a while.
CREATE TABLE trusted_devices (
    id          uuid   NOT NULL PRIMARY KEY,
    account_id  uuid   NOT NULL,
    device_hash bytea  NOT NULL CHECK (length(device_hash) = 32),
    created_at  bigint NOT NULL,
    expires_at  bigint NOT NULL,
    user_agent  text,
    UNIQUE (account_id, device_hash)
);

CREATE INDEX trusted_devices_by_expiry ON trusted_devices (expires_at);
