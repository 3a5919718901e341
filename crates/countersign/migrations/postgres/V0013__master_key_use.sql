-- Until when a master key made new things: tokens of it may live for so much longer. For those of before this step, now.
ALTER TABLE master_keys ADD COLUMN used_at bigint;
UPDATE master_keys SET used_at = (extract(epoch FROM clock_timestamp()) * 1000)::bigint;

-- The number of the master key that a feed key is made from; unknown for older rows.
ALTER TABLE feed_keys ADD COLUMN master_key bigint;

-- The numbers of the master keys that a node knows, the one that it uses first; nothing from older versions.
ALTER TABLE nodes ADD COLUMN master_keys text;
