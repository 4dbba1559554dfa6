-- Partners: programs of a merchant, or of the issuer where no merchant is named.
CREATE TABLE partners (
    id bytea NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    merchant_id bytea REFERENCES merchants (id),
    name text NOT NULL,
    token_mac bytea NOT NULL UNIQUE CHECK (length(token_mac) = 32),
    created_at bigint NOT NULL
);

-- Webhooks of partners. event_types is a JSON list, or NULL for all; since is a JSON list of the positions, one a stream,
-- after which its events begin. A deleted one is kept until its deliveries are gone.
CREATE TABLE webhooks (
    id bytea NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    partner_id bytea NOT NULL REFERENCES partners (id),
    url text NOT NULL CHECK (length(url) BETWEEN 1 AND 2000),
    event_types text,
    signing_key_id bigint NOT NULL,
    status text NOT NULL CHECK (status IN ('enabled', 'disabled', 'deleted')),
    since text NOT NULL,
    created_at bigint NOT NULL
);

CREATE INDEX webhooks_by_partner ON webhooks (partner_id, id);

-- What is to be told to a webhook, and what came of it. The text that is sent is made of the journal. next_attempt_at is
-- also the lease of the node that is at work on it.
CREATE TABLE deliveries (
    webhook_id bytea NOT NULL REFERENCES webhooks (id),
    event_id bytea NOT NULL CHECK (length(event_id) = 16),
    event_type text NOT NULL,
    status text NOT NULL CHECK (status IN ('pending', 'delivered', 'failed')),
    attempts bigint NOT NULL CHECK (attempts >= 0),
    next_attempt_at bigint,
    last_status bigint,
    last_error text,
    ended_at bigint,
    PRIMARY KEY (webhook_id, event_id),
    CHECK ((status = 'pending') = (next_attempt_at IS NOT NULL)),
    CHECK ((status = 'pending') = (ended_at IS NULL))
);

CREATE INDEX deliveries_due ON deliveries (webhook_id, next_attempt_at, event_id) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX deliveries_by_status ON deliveries (webhook_id, status, event_id);
CREATE INDEX deliveries_ended ON deliveries (ended_at) WHERE ended_at IS NOT NULL;

-- Webhooks are told of what is recorded from now on.
INSERT INTO cursors (name, stream, position) SELECT 'webhooks', stream, position FROM streams;
