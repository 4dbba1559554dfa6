-- What the wallet's rules need: lots and holds, policies, freezes, what follows a payment. And a book for trials.
ALTER TABLE merchants ADD COLUMN invoice_number text;

ALTER TABLE shops ADD COLUMN status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'frozen'));
ALTER TABLE shops ADD COLUMN yen_per_point bigint NOT NULL DEFAULT 200 CHECK (yen_per_point >= 0);
ALTER TABLE shops ADD COLUMN closing_minutes bigint NOT NULL DEFAULT 0 CHECK (closing_minutes BETWEEN 0 AND 1439);

ALTER TABLE terminals ADD COLUMN status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'frozen'));
ALTER TABLE terminals ADD COLUMN channel text NOT NULL DEFAULT 'till' CHECK (channel IN ('till', 'atm'));
ALTER TABLE terminals ADD COLUMN book bigint NOT NULL DEFAULT 0 CHECK (book IN (0, 1));

-- A wallet's row is one value: the balances stand beside its state, for the checks and for people.
ALTER TABLE wallets ADD COLUMN book bigint NOT NULL DEFAULT 0 CHECK (book IN (0, 1));
ALTER TABLE wallets ADD COLUMN status text NOT NULL DEFAULT 'active'
    CHECK (status IN ('active', 'frozen', 'closing', 'closed'));
ALTER TABLE wallets ADD COLUMN bonus bigint NOT NULL DEFAULT 0 CHECK (bonus BETWEEN 0 AND 9007199254740991);
ALTER TABLE wallets ADD COLUMN points bigint NOT NULL DEFAULT 0 CHECK (points BETWEEN 0 AND 9007199254740991);
ALTER TABLE wallets ADD COLUMN at bigint NOT NULL DEFAULT 0;
ALTER TABLE wallets ADD COLUMN next_expiry bigint;
-- Empty for wallets from before there were lots: all they hold is lot 0.
ALTER TABLE wallets ADD COLUMN state text NOT NULL DEFAULT '';
CREATE INDEX wallets_by_expiry ON wallets (next_expiry) WHERE next_expiry IS NOT NULL;

ALTER TABLE codes ADD COLUMN use_points bigint NOT NULL DEFAULT 0 CHECK (use_points IN (0, 1));
-- What a sandbox is to do when the code is used.
ALTER TABLE codes ADD COLUMN scenario text;

-- What the issuer allowed, and from when on. The newest is in force.
CREATE TABLE policies (
    number bigint NOT NULL PRIMARY KEY,
    at bigint NOT NULL,
    entries text NOT NULL
);

-- What a terminal did over a day, where the policy caps it.
CREATE TABLE terminal_usage (
    terminal_id bytea NOT NULL PRIMARY KEY REFERENCES terminals (id),
    state text NOT NULL
);

-- Rows of the journal from before have no effect; it follows from their transfers. Adding columns rewrites no row.
ALTER TABLE journal ADD COLUMN book bigint NOT NULL DEFAULT 0 CHECK (book IN (0, 1));
ALTER TABLE journal ADD COLUMN parent_id bytea;
ALTER TABLE journal ADD COLUMN target text;
ALTER TABLE journal ADD COLUMN policy bigint NOT NULL DEFAULT 0;
ALTER TABLE journal ADD COLUMN note text;
ALTER TABLE journal ADD COLUMN effect text NOT NULL DEFAULT '';
ALTER TABLE journal ALTER COLUMN shop_id DROP NOT NULL;
ALTER TABLE journal DROP CONSTRAINT journal_check;
ALTER TABLE journal ADD CONSTRAINT journal_refused_changes_nothing CHECK (refusal IS NULL OR wallet_version IS NULL);
ALTER TABLE journal DROP CONSTRAINT journal_amount_check;
ALTER TABLE journal ADD CONSTRAINT journal_amount_check CHECK (amount BETWEEN 0 AND 9007199254740991);
CREATE INDEX journal_by_parent ON journal (parent_id, position) WHERE parent_id IS NOT NULL AND refusal IS NULL;

-- The sums of each book stand apart.
ALTER TABLE account_sums ADD COLUMN book bigint NOT NULL DEFAULT 0 CHECK (book IN (0, 1));
ALTER TABLE account_sums DROP CONSTRAINT account_sums_pkey;
ALTER TABLE account_sums ADD PRIMARY KEY (book, account, owner, unit);
