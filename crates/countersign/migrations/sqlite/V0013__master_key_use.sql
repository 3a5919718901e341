-- Until when a master key made new things: tokens of it may live for so much longer. For those of before this step, now.
ALTER TABLE master_keys ADD COLUMN used_at INTEGER;
UPDATE master_keys SET used_at = CAST(strftime('%s', 'now') AS INTEGER) * 1000;

-- The number of the master key that a feed key is made from; unknown for older rows.
ALTER TABLE feed_keys ADD COLUMN master_key INTEGER;
