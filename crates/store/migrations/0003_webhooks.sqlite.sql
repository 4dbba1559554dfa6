-- Partners: programs of a merchant, or of the issuer where no merchant is named.
CREATE TABLE partners (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    merchant_id BLOB REFERENCES merchants (id),
    name TEXT NOT NULL,
    token_mac BLOB NOT NULL UNIQUE CHECK (length(token_mac) = 32),
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Webhooks of partners. event_types is a JSON list, or NULL for all; since is a JSON list of the positions, one a stream,
-- after which its events begin. A deleted one is kept until its deliveries are gone.
CREATE TABLE webhooks (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    partner_id BLOB NOT NULL REFERENCES partners (id),
    url TEXT NOT NULL CHECK (length(url) BETWEEN 1 AND 2000),
    event_types TEXT,
    signing_key_id INTEGER NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('enabled', 'disabled', 'deleted')),
    since TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX webhooks_by_partner ON webhooks (partner_id, id);

-- What is to be told to a webhook, and what came of it. The text that is sent is made of the journal. next_attempt_at is
-- also the lease of the node that is at work on it.
CREATE TABLE deliveries (
    webhook_id BLOB NOT NULL REFERENCES webhooks (id),
    event_id BLOB NOT NULL CHECK (length(event_id) = 16),
    event_type TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('pending', 'delivered', 'failed')),
    attempts INTEGER NOT NULL CHECK (attempts >= 0),
    next_attempt_at INTEGER,
    last_status INTEGER,
    last_error TEXT,
    ended_at INTEGER,
    PRIMARY KEY (webhook_id, event_id),
    CHECK ((status = 'pending') = (next_attempt_at IS NOT NULL)),
    CHECK ((status = 'pending') = (ended_at IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX deliveries_due ON deliveries (webhook_id, next_attempt_at, event_id) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX deliveries_by_status ON deliveries (webhook_id, status, event_id);
CREATE INDEX deliveries_ended ON deliveries (ended_at) WHERE ended_at IS NOT NULL;

-- Webhooks are told of what is recorded from now on.
INSERT INTO cursors (name, stream, position) SELECT 'webhooks', stream, position FROM streams;
