-- Members sign in with passkeys from devices that they bound; there are no bearer tokens of members any more.
DROP TABLE member_tokens;

-- A passkey. `passkey` is its public half and counter, as JSON of the library that checks it.
CREATE TABLE credentials (
    id bytea NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    member_id bytea NOT NULL REFERENCES members (id),
    credential_id bytea NOT NULL UNIQUE CHECK (length(credential_id) BETWEEN 1 AND 1023),
    passkey text NOT NULL,
    name text NOT NULL,
    created_at bigint NOT NULL,
    used_at bigint NOT NULL
);

CREATE INDEX credentials_by_member ON credentials (member_id, id);

-- A device of a member, known by the public half of a key that it cannot give away. cooling_until is set if it took the
-- wallet over without the consent of moved_from, which lifted it at lifted_at.
CREATE TABLE devices (
    id bytea NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    member_id bytea NOT NULL REFERENCES members (id),
    public_key bytea NOT NULL CHECK (length(public_key) = 65),
    name text NOT NULL,
    created_at bigint NOT NULL,
    admitted_at bigint,
    moved_from bytea,
    cooling_until bigint,
    lifted_at bigint,
    UNIQUE (member_id, public_key)
);

CREATE INDEX devices_that_cooled ON devices (member_id, admitted_at) WHERE cooling_until IS NOT NULL;

-- A session ends at ends_at, and at idle_until unless it is used before; one from the command line has no such limit.
CREATE TABLE sessions (
    id bytea NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    token_mac bytea NOT NULL UNIQUE CHECK (length(token_mac) = 32),
    member_id bytea NOT NULL REFERENCES members (id),
    device_id bytea NOT NULL REFERENCES devices (id),
    created_at bigint NOT NULL,
    used_at bigint NOT NULL,
    idle_until bigint,
    ends_at bigint NOT NULL
);

CREATE INDEX sessions_by_member ON sessions (member_id, id);
CREATE INDEX sessions_by_end ON sessions (ends_at);

-- Ceremonies that were begun, each taken once; tickets for live updates, likewise.
CREATE TABLE ceremonies (
    id bytea NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    state text NOT NULL,
    expires_at bigint NOT NULL
);

CREATE INDEX ceremonies_by_expiry ON ceremonies (expires_at);

CREATE TABLE tickets (
    mac bytea NOT NULL PRIMARY KEY CHECK (length(mac) = 32),
    session_id bytea NOT NULL,
    member_id bytea NOT NULL,
    expires_at bigint NOT NULL
);

CREATE INDEX tickets_by_expiry ON tickets (expires_at);

CREATE TABLE recovery_codes (
    mac bytea NOT NULL PRIMARY KEY CHECK (length(mac) = 32),
    member_id bytea NOT NULL REFERENCES members (id),
    created_at bigint NOT NULL
);

CREATE INDEX recovery_codes_by_member ON recovery_codes (member_id);

-- The one device that a wallet pays from, and until when it cools.
ALTER TABLE wallets ADD COLUMN device_id bytea;
ALTER TABLE wallets ADD COLUMN cooling_until bigint;
