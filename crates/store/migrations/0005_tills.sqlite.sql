-- Tills that are pages. A terminal may be a browser, known by the public half of a key that it cannot give away.
ALTER TABLE terminals ADD COLUMN public_key BLOB CHECK (public_key IS NULL OR length(public_key) = 65);
-- The terminal that this one is for practising with: the same browser, in the other book.
ALTER TABLE terminals ADD COLUMN practice_of BLOB CHECK (practice_of IS NULL OR length(practice_of) = 16);
-- Since when nobody is believed to be this terminal any more.
ALTER TABLE terminals ADD COLUMN revoked_at INTEGER;
-- The numbers that JPQR knows this place by, joined by hyphens, and the postal code that its codes need.
ALTER TABLE terminals ADD COLUMN jpqr TEXT CHECK (jpqr IS NULL OR length(jpqr) = 32);
ALTER TABLE terminals ADD COLUMN postal_code TEXT;

CREATE UNIQUE INDEX terminals_by_practice ON terminals (practice_of) WHERE practice_of IS NOT NULL;
CREATE UNIQUE INDEX terminals_by_jpqr ON terminals (jpqr) WHERE jpqr IS NOT NULL;
CREATE INDEX terminals_by_shop ON terminals (shop_id, id);

-- Links by which a browser becomes a terminal, each taken by one browser: the same may ask again, whose reply was lost.
CREATE TABLE enrollments (
    mac BLOB NOT NULL PRIMARY KEY CHECK (length(mac) = 32),
    terminal_id BLOB NOT NULL REFERENCES terminals (id),
    expires_at INTEGER NOT NULL,
    public_key BLOB CHECK (public_key IS NULL OR length(public_key) = 65)
) STRICT, WITHOUT ROWID;

CREATE INDEX enrollments_by_expiry ON enrollments (expires_at);

-- What a terminal asks whoever opens its code to pay, or to take for cash. It is settled under the terminal's own request_id, by the journal.
CREATE TABLE bills (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    terminal_id BLOB NOT NULL REFERENCES terminals (id),
    request_id TEXT NOT NULL CHECK (length(request_id) BETWEEN 1 AND 64),
    kind TEXT NOT NULL CHECK (kind IN ('payment', 'top_up')),
    amount INTEGER NOT NULL CHECK (amount BETWEEN 1 AND 9007199254740991),
    note TEXT,
    issued_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    -- The member who entered the amount, where a code of a place named none.
    made_for BLOB CHECK (made_for IS NULL OR length(made_for) = 16),
    UNIQUE (terminal_id, request_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX bills_by_expiry ON bills (expires_at);
CREATE INDEX bills_by_member ON bills (made_for, expires_at) WHERE made_for IS NOT NULL;

-- Who confirmed a bill of a machine that has taken cash: it goes to the one whose number is typed there.
CREATE TABLE bill_claims (
    bill_id BLOB NOT NULL REFERENCES bills (id),
    number TEXT NOT NULL CHECK (length(number) = 4),
    member_id BLOB NOT NULL CHECK (length(member_id) = 16),
    device_id BLOB NOT NULL CHECK (length(device_id) = 16),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (bill_id, number),
    UNIQUE (bill_id, member_id)
) STRICT, WITHOUT ROWID;

-- A code that was made for a bill when its member confirmed it: no newer one ends it, and it ends none.
ALTER TABLE codes ADD COLUMN bill_id BLOB;

-- What was done in a shop, day by day: derived from the journal by the bookkeeper. amount is what it changed of what the shop is
-- owed for sales, or of the cash that it holds for the issuer.
CREATE TABLE shop_lines (
    shop_id BLOB NOT NULL CHECK (length(shop_id) = 16),
    book INTEGER NOT NULL CHECK (book IN (0, 1)),
    business_date INTEGER NOT NULL,
    at INTEGER NOT NULL,
    position INTEGER NOT NULL,
    terminal_id BLOB NOT NULL CHECK (length(terminal_id) = 16),
    kind TEXT NOT NULL,
    amount INTEGER NOT NULL,
    PRIMARY KEY (shop_id, book, business_date, at, position)
) STRICT, WITHOUT ROWID;

-- From the beginning: what was recorded before gets its lines too.
INSERT INTO cursors (name, stream, position) SELECT 'shop_lines', stream, stream << 48 FROM streams;

-- What tills in the sandbox made of the faults that were played to them.
CREATE TABLE trials (
    terminal_id BLOB NOT NULL CHECK (length(terminal_id) = 16),
    request_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    scenario TEXT NOT NULL,
    code_bucket INTEGER,
    code_mac BLOB,
    began_at INTEGER NOT NULL,
    settled_at INTEGER,
    settled_by TEXT,
    flaw TEXT,
    PRIMARY KEY (terminal_id, request_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX trials_by_age ON trials (began_at);
