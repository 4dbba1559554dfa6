-- Merchants, shops and terminals: who takes payments.
CREATE TABLE merchants (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE shops (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    merchant_id BLOB NOT NULL REFERENCES merchants (id),
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE terminals (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    shop_id BLOB NOT NULL REFERENCES shops (id),
    name TEXT NOT NULL,
    token_mac BLOB NOT NULL UNIQUE CHECK (length(token_mac) = 32),
    signing_key_id INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Members and their wallets: who pays. One row a wallet, one row a member; the bearer tokens stand apart.
CREATE TABLE members (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE member_tokens (
    token_mac BLOB NOT NULL PRIMARY KEY CHECK (length(token_mac) = 32),
    member_id BLOB NOT NULL REFERENCES members (id),
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE wallets (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    member_id BLOB NOT NULL UNIQUE REFERENCES members (id),
    paid INTEGER NOT NULL CHECK (paid BETWEEN 0 AND 9007199254740991),
    version INTEGER NOT NULL CHECK (version >= 0)
) STRICT, WITHOUT ROWID;

-- Payment codes, known by a keyed hash only; the bucket is the first of the sixteen random digits.
CREATE TABLE codes (
    bucket INTEGER NOT NULL CHECK (bucket BETWEEN 0 AND 9),
    mac BLOB NOT NULL CHECK (length(mac) = 16),
    wallet_id BLOB NOT NULL REFERENCES wallets (id),
    issued_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL CHECK (expires_at > issued_at),
    bound_to BLOB,
    consumed_by BLOB,
    PRIMARY KEY (bucket, mac)
) STRICT, WITHOUT ROWID;

CREATE TABLE newest_codes (
    wallet_id BLOB NOT NULL PRIMARY KEY REFERENCES wallets (id),
    bucket INTEGER NOT NULL,
    mac BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- The ledger. A stream numbers its transactions without a gap; position = stream * 2^48 + number.
CREATE TABLE streams (
    stream INTEGER NOT NULL PRIMARY KEY,
    position INTEGER NOT NULL,
    at INTEGER NOT NULL
) STRICT;

-- The claim of a request key, made before the decision and kept for ever.
CREATE TABLE requests (
    caller BLOB NOT NULL CHECK (length(caller) = 16),
    request_id TEXT NOT NULL CHECK (length(request_id) BETWEEN 1 AND 64),
    transaction_id BLOB NOT NULL CHECK (length(transaction_id) = 16),
    PRIMARY KEY (caller, request_id)
) STRICT, WITHOUT ROWID;

-- One row a transaction: journal, event, receipt and stored reply at once. Rows are never changed.
CREATE TABLE journal (
    position INTEGER NOT NULL PRIMARY KEY,
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    kind TEXT NOT NULL,
    at INTEGER NOT NULL,
    business_date INTEGER NOT NULL,
    caller BLOB NOT NULL,
    request_id TEXT NOT NULL,
    body_hash BLOB NOT NULL CHECK (length(body_hash) = 32),
    shop_id BLOB NOT NULL,
    wallet_id BLOB,
    wallet_version INTEGER,
    code_bucket INTEGER,
    code_mac BLOB,
    amount INTEGER NOT NULL CHECK (amount BETWEEN 1 AND 9007199254740991),
    unit TEXT NOT NULL,
    refusal TEXT,
    transfers TEXT NOT NULL,
    CHECK ((refusal IS NULL) = (wallet_version IS NOT NULL))
) STRICT;

CREATE UNIQUE INDEX journal_by_wallet ON journal (wallet_id, wallet_version) WHERE wallet_version IS NOT NULL;

CREATE TRIGGER journal_is_never_changed BEFORE UPDATE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is never changed'); END;
-- INSERT OR REPLACE deletes without asking the trigger below.
CREATE TRIGGER journal_is_never_replaced BEFORE INSERT ON journal
WHEN EXISTS (SELECT 1 FROM journal WHERE position = NEW.position OR id = NEW.id
    OR (wallet_id = NEW.wallet_id AND wallet_version = NEW.wallet_version))
BEGIN SELECT RAISE(ABORT, 'the journal is never changed'); END;
CREATE TRIGGER journal_is_never_deleted BEFORE DELETE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is never changed'); END;

-- What the bookkeeper derived from the journal, and how far it has read each stream.
CREATE TABLE account_sums (
    account TEXT NOT NULL,
    owner BLOB NOT NULL,
    unit TEXT NOT NULL,
    debits INTEGER NOT NULL CHECK (debits >= 0),
    credits INTEGER NOT NULL CHECK (credits >= 0),
    PRIMARY KEY (account, owner, unit)
) STRICT, WITHOUT ROWID;

CREATE TABLE cursors (
    name TEXT NOT NULL,
    stream INTEGER NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (name, stream)
) STRICT, WITHOUT ROWID;

-- Nonces of signed requests, kept for as long as the request would be believed.
CREATE TABLE nonces (
    terminal_id BLOB NOT NULL,
    nonce TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (terminal_id, nonce)
) STRICT, WITHOUT ROWID;

CREATE INDEX nonces_by_expiry ON nonces (expires_at);

-- What this database was made for: the issuer's prefix, and a check of each key that was used with it.
CREATE TABLE settings (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The one writer of an embedded database needs one stream.
INSERT INTO streams (stream, position, at) VALUES (0, 0, 0);
INSERT INTO cursors (name, stream, position) VALUES ('bookkeeper', 0, 0);
