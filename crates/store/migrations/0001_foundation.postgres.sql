-- Merchants, shops and terminals: who takes payments.
CREATE TABLE merchants (
    id bytea NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name text NOT NULL,
    created_at bigint NOT NULL
);

CREATE TABLE shops (
    id bytea NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    merchant_id bytea NOT NULL REFERENCES merchants (id),
    name text NOT NULL,
    created_at bigint NOT NULL
);

CREATE TABLE terminals (
    id bytea NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    shop_id bytea NOT NULL REFERENCES shops (id),
    name text NOT NULL,
    token_mac bytea NOT NULL UNIQUE CHECK (length(token_mac) = 32),
    signing_key_id bigint NOT NULL,
    created_at bigint NOT NULL
);

-- Members and their wallets: who pays. One row a wallet, one row a member; the bearer tokens stand apart.
CREATE TABLE members (
    id bytea NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    created_at bigint NOT NULL
);

CREATE TABLE member_tokens (
    token_mac bytea NOT NULL PRIMARY KEY CHECK (length(token_mac) = 32),
    member_id bytea NOT NULL REFERENCES members (id),
    created_at bigint NOT NULL
);

CREATE TABLE wallets (
    id bytea NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    member_id bytea NOT NULL UNIQUE REFERENCES members (id),
    paid bigint NOT NULL CHECK (paid BETWEEN 0 AND 9007199254740991),
    version bigint NOT NULL CHECK (version >= 0)
) WITH (fillfactor = 80);

-- Payment codes, known by a keyed hash only; the bucket is the first of the sixteen random digits.
CREATE TABLE codes (
    bucket bigint NOT NULL CHECK (bucket BETWEEN 0 AND 9),
    mac bytea NOT NULL CHECK (length(mac) = 16),
    wallet_id bytea NOT NULL REFERENCES wallets (id),
    issued_at bigint NOT NULL,
    expires_at bigint NOT NULL CHECK (expires_at > issued_at),
    bound_to bytea,
    consumed_by bytea,
    PRIMARY KEY (bucket, mac)
);

CREATE TABLE newest_codes (
    wallet_id bytea NOT NULL PRIMARY KEY REFERENCES wallets (id),
    bucket bigint NOT NULL,
    mac bytea NOT NULL
);

-- The ledger. A stream numbers its transactions without a gap; position = stream * 2^48 + number.
CREATE TABLE streams (
    stream bigint NOT NULL PRIMARY KEY,
    position bigint NOT NULL,
    at bigint NOT NULL
);

-- The claim of a request key, made before the decision and kept for ever.
CREATE TABLE requests (
    caller bytea NOT NULL CHECK (length(caller) = 16),
    request_id text NOT NULL CHECK (length(request_id) BETWEEN 1 AND 64),
    transaction_id bytea NOT NULL CHECK (length(transaction_id) = 16),
    PRIMARY KEY (caller, request_id)
);

-- One row a transaction: journal, event, receipt and stored reply at once. Rows are never changed.
CREATE TABLE journal (
    position bigint NOT NULL PRIMARY KEY,
    id bytea NOT NULL UNIQUE CHECK (length(id) = 16),
    kind text NOT NULL,
    at bigint NOT NULL,
    business_date bigint NOT NULL,
    caller bytea NOT NULL,
    request_id text NOT NULL,
    body_hash bytea NOT NULL CHECK (length(body_hash) = 32),
    shop_id bytea NOT NULL,
    wallet_id bytea,
    wallet_version bigint,
    code_bucket bigint,
    code_mac bytea,
    amount bigint NOT NULL CHECK (amount BETWEEN 1 AND 9007199254740991),
    unit text NOT NULL,
    refusal text,
    transfers text NOT NULL,
    CHECK ((refusal IS NULL) = (wallet_version IS NOT NULL))
);

CREATE UNIQUE INDEX journal_by_wallet ON journal (wallet_id, wallet_version) WHERE wallet_version IS NOT NULL;

CREATE FUNCTION journal_is_never_changed() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the journal is never changed'; END $$;
CREATE TRIGGER journal_is_never_changed BEFORE UPDATE OR DELETE ON journal
FOR EACH ROW EXECUTE FUNCTION journal_is_never_changed();
CREATE TRIGGER journal_is_never_emptied BEFORE TRUNCATE ON journal
FOR EACH STATEMENT EXECUTE FUNCTION journal_is_never_changed();

-- What the bookkeeper derived from the journal, and how far it has read each stream.
CREATE TABLE account_sums (
    account text NOT NULL,
    owner bytea NOT NULL,
    unit text NOT NULL,
    debits bigint NOT NULL CHECK (debits >= 0),
    credits bigint NOT NULL CHECK (credits >= 0),
    PRIMARY KEY (account, owner, unit)
);

CREATE TABLE cursors (
    name text NOT NULL,
    stream bigint NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (name, stream)
);

-- Nonces of signed requests, kept for as long as the request would be believed.
CREATE TABLE nonces (
    terminal_id bytea NOT NULL,
    nonce text NOT NULL,
    expires_at bigint NOT NULL,
    PRIMARY KEY (terminal_id, nonce)
);

CREATE INDEX nonces_by_expiry ON nonces (expires_at);

-- What this database was made for: the issuer's prefix, and a check of each key that was used with it.
CREATE TABLE settings (
    name text NOT NULL PRIMARY KEY,
    value text NOT NULL
);

-- A stream is held by one batch at a time, so there must be more of them than batches at work on all nodes together.
INSERT INTO streams (stream, position, at) SELECT number, number << 48, 0 FROM generate_series(0::bigint, 63) AS number;
INSERT INTO cursors (name, stream, position)
SELECT 'bookkeeper', number, number << 48 FROM generate_series(0::bigint, 63) AS number;
