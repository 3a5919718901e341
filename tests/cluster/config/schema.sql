-- Once, on the primary, as postgres.
CREATE ROLE countersign LOGIN PASSWORD 'STORE_PASSWORD';
CREATE DATABASE countersign OWNER countersign;
