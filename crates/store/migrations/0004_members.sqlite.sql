-- Members sign in with passkeys from devices that they bound; there are no bearer tokens of members any more.
DROP TABLE member_tokens;

-- A passkey. `passkey` is its public half and counter, as JSON of the library that checks it.
CREATE TABLE credentials (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    member_id BLOB NOT NULL REFERENCES members (id),
    credential_id BLOB NOT NULL UNIQUE CHECK (length(credential_id) BETWEEN 1 AND 1023),
    passkey TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    used_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX credentials_by_member ON credentials (member_id, id);

-- A device of a member, known by the public half of a key that it cannot give away. cooling_until is set if it took the
-- wallet over without the consent of moved_from, which lifted it at lifted_at.
CREATE TABLE devices (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    member_id BLOB NOT NULL REFERENCES members (id),
    public_key BLOB NOT NULL CHECK (length(public_key) = 65),
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    admitted_at INTEGER,
    moved_from BLOB,
    cooling_until INTEGER,
    lifted_at INTEGER,
    UNIQUE (member_id, public_key)
) STRICT, WITHOUT ROWID;

CREATE INDEX devices_that_cooled ON devices (member_id, admitted_at) WHERE cooling_until IS NOT NULL;

-- A session ends at ends_at, and at idle_until unless it is used before; one from the command line has no such limit.
CREATE TABLE sessions (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    token_mac BLOB NOT NULL UNIQUE CHECK (length(token_mac) = 32),
    member_id BLOB NOT NULL REFERENCES members (id),
    device_id BLOB NOT NULL REFERENCES devices (id),
    created_at INTEGER NOT NULL,
    used_at INTEGER NOT NULL,
    idle_until INTEGER,
    ends_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_by_member ON sessions (member_id, id);
CREATE INDEX sessions_by_end ON sessions (ends_at);

-- Ceremonies that were begun, each taken once; tickets for live updates, likewise.
CREATE TABLE ceremonies (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    state TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX ceremonies_by_expiry ON ceremonies (expires_at);

CREATE TABLE tickets (
    mac BLOB NOT NULL PRIMARY KEY CHECK (length(mac) = 32),
    session_id BLOB NOT NULL,
    member_id BLOB NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX tickets_by_expiry ON tickets (expires_at);

CREATE TABLE recovery_codes (
    mac BLOB NOT NULL PRIMARY KEY CHECK (length(mac) = 32),
    member_id BLOB NOT NULL REFERENCES members (id),
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX recovery_codes_by_member ON recovery_codes (member_id);

-- The one device that a wallet pays from, and until when it cools.
ALTER TABLE wallets ADD COLUMN device_id BLOB;
ALTER TABLE wallets ADD COLUMN cooling_until INTEGER;
