-- Codes lie in the order in which they were issued: what is issued together is used together, so payments change few pages. By bucket and
-- hash each payment changed another one.
CREATE TABLE codes_2 (
    number INTEGER NOT NULL PRIMARY KEY,
    bucket INTEGER NOT NULL CHECK (bucket BETWEEN 0 AND 9),
    mac BLOB NOT NULL CHECK (length(mac) = 16),
    wallet_id BLOB NOT NULL REFERENCES wallets (id),
    issued_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL CHECK (expires_at > issued_at),
    bound_to BLOB,
    consumed_by BLOB,
    use_points INTEGER NOT NULL DEFAULT 0 CHECK (use_points IN (0, 1)),
    scenario TEXT,
    bill_id BLOB,
    UNIQUE (bucket, mac)
) STRICT;
INSERT INTO codes_2 (bucket, mac, wallet_id, issued_at, expires_at, bound_to, consumed_by, use_points, scenario, bill_id)
SELECT bucket, mac, wallet_id, issued_at, expires_at, bound_to, consumed_by, use_points, scenario, bill_id
FROM codes ORDER BY issued_at;
DROP TABLE codes;
ALTER TABLE codes_2 RENAME TO codes;
