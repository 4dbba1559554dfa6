-- What the wallet's rules need: lots and holds, policies, freezes, what follows a payment. And a book for trials.
ALTER TABLE merchants ADD COLUMN invoice_number TEXT;

ALTER TABLE shops ADD COLUMN status TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'frozen'));
ALTER TABLE shops ADD COLUMN yen_per_point INTEGER NOT NULL DEFAULT 200 CHECK (yen_per_point >= 0);
ALTER TABLE shops ADD COLUMN closing_minutes INTEGER NOT NULL DEFAULT 0 CHECK (closing_minutes BETWEEN 0 AND 1439);

ALTER TABLE terminals ADD COLUMN status TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'frozen'));
ALTER TABLE terminals ADD COLUMN channel TEXT NOT NULL DEFAULT 'till' CHECK (channel IN ('till', 'atm'));
ALTER TABLE terminals ADD COLUMN book INTEGER NOT NULL DEFAULT 0 CHECK (book IN (0, 1));

-- A wallet's row is one value: the balances stand beside its state, for the checks and for people.
ALTER TABLE wallets ADD COLUMN book INTEGER NOT NULL DEFAULT 0 CHECK (book IN (0, 1));
ALTER TABLE wallets ADD COLUMN status TEXT NOT NULL DEFAULT 'active'
    CHECK (status IN ('active', 'frozen', 'closing', 'closed'));
ALTER TABLE wallets ADD COLUMN bonus INTEGER NOT NULL DEFAULT 0 CHECK (bonus BETWEEN 0 AND 9007199254740991);
ALTER TABLE wallets ADD COLUMN points INTEGER NOT NULL DEFAULT 0 CHECK (points BETWEEN 0 AND 9007199254740991);
ALTER TABLE wallets ADD COLUMN at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE wallets ADD COLUMN next_expiry INTEGER;
-- Empty for wallets from before there were lots: all they hold is lot 0.
ALTER TABLE wallets ADD COLUMN state TEXT NOT NULL DEFAULT '';
CREATE INDEX wallets_by_expiry ON wallets (next_expiry) WHERE next_expiry IS NOT NULL;

ALTER TABLE codes ADD COLUMN use_points INTEGER NOT NULL DEFAULT 0 CHECK (use_points IN (0, 1));
-- What a sandbox is to do when the code is used.
ALTER TABLE codes ADD COLUMN scenario TEXT;

-- What the issuer allowed, and from when on. The newest is in force.
CREATE TABLE policies (
    number INTEGER NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL,
    entries TEXT NOT NULL
) STRICT;

-- What a terminal did over a day, where the policy caps it.
CREATE TABLE terminal_usage (
    terminal_id BLOB NOT NULL PRIMARY KEY REFERENCES terminals (id),
    state TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- SQLite cannot change a constraint, so the journal is copied once. Rows from before have no effect; it follows from their
-- transfers.
CREATE TABLE journal_2 (
    position INTEGER NOT NULL PRIMARY KEY,
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    kind TEXT NOT NULL,
    book INTEGER NOT NULL CHECK (book IN (0, 1)),
    at INTEGER NOT NULL,
    business_date INTEGER NOT NULL,
    caller BLOB NOT NULL,
    request_id TEXT NOT NULL,
    body_hash BLOB NOT NULL CHECK (length(body_hash) = 32),
    shop_id BLOB,
    wallet_id BLOB,
    wallet_version INTEGER,
    code_bucket INTEGER,
    code_mac BLOB,
    parent_id BLOB,
    target TEXT,
    amount INTEGER NOT NULL CHECK (amount BETWEEN 0 AND 9007199254740991),
    unit TEXT NOT NULL,
    policy INTEGER NOT NULL,
    note TEXT,
    refusal TEXT,
    transfers TEXT NOT NULL,
    effect TEXT NOT NULL,
    CHECK (refusal IS NULL OR wallet_version IS NULL)
) STRICT;
INSERT INTO journal_2 SELECT position, id, kind, 0, at, business_date, caller, request_id, body_hash, shop_id, wallet_id,
    wallet_version, code_bucket, code_mac, NULL, NULL, amount, unit, 0, NULL, refusal, transfers, '' FROM journal;
DROP TABLE journal;
ALTER TABLE journal_2 RENAME TO journal;

CREATE UNIQUE INDEX journal_by_wallet ON journal (wallet_id, wallet_version) WHERE wallet_version IS NOT NULL;
CREATE INDEX journal_by_parent ON journal (parent_id, position) WHERE parent_id IS NOT NULL AND refusal IS NULL;

CREATE TRIGGER journal_is_never_changed BEFORE UPDATE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is never changed'); END;
-- INSERT OR REPLACE deletes without asking the trigger below.
CREATE TRIGGER journal_is_never_replaced BEFORE INSERT ON journal
WHEN EXISTS (SELECT 1 FROM journal WHERE position = NEW.position OR id = NEW.id
    OR (wallet_id = NEW.wallet_id AND wallet_version = NEW.wallet_version))
BEGIN SELECT RAISE(ABORT, 'the journal is never changed'); END;
CREATE TRIGGER journal_is_never_deleted BEFORE DELETE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is never changed'); END;

-- The sums of each book stand apart.
CREATE TABLE account_sums_2 (
    book INTEGER NOT NULL CHECK (book IN (0, 1)),
    account TEXT NOT NULL,
    owner BLOB NOT NULL,
    unit TEXT NOT NULL,
    debits INTEGER NOT NULL CHECK (debits >= 0),
    credits INTEGER NOT NULL CHECK (credits >= 0),
    PRIMARY KEY (book, account, owner, unit)
) STRICT, WITHOUT ROWID;
INSERT INTO account_sums_2 SELECT 0, account, owner, unit, debits, credits FROM account_sums;
DROP TABLE account_sums;
ALTER TABLE account_sums_2 RENAME TO account_sums;
