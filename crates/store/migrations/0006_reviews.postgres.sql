-- Failure reviews. Nothing here names a person: a seat is the hash of a key that one browser has, and what was marked is another.

-- Charts of causes that were brought, beside those that come with the service. A version is never changed.
CREATE TABLE charts (
    chart_key text NOT NULL,
    version bigint NOT NULL CHECK (version >= 1),
    body text NOT NULL,
    PRIMARY KEY (chart_key, version)
);

CREATE TABLE reviews (
    id bytea NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    -- The chart that the review keeps to, as text, whatever becomes of it elsewhere.
    chart text NOT NULL,
    is_complete bigint NOT NULL CHECK (is_complete IN (0, 1)),
    -- Counts how often it was completed: marks of earlier rounds stay as they are.
    round bigint NOT NULL,
    -- The number of the change by which marks were collected last; 0 if they never were.
    collected bigint NOT NULL,
    -- How many items there are, removed ones included.
    items bigint NOT NULL,
    change_number bigint NOT NULL,
    created_at bigint NOT NULL
);

-- Who sits in a review. No time and no order: when somebody came is nobody's business.
CREATE TABLE review_seats (
    key_mac bytea NOT NULL PRIMARY KEY CHECK (length(key_mac) = 32),
    review_id bytea NOT NULL REFERENCES reviews (id),
    role text NOT NULL CHECK (role IN ('facilitator', 'participant', 'reader', 'program')),
    is_done bigint NOT NULL CHECK (is_done IN (0, 1))
);

CREATE INDEX review_seats_by_review ON review_seats (review_id);

-- Links by which browsers take seats. Which seat was taken by which is not kept.
CREATE TABLE review_invitations (
    mac bytea NOT NULL PRIMARY KEY CHECK (length(mac) = 32),
    review_id bytea NOT NULL REFERENCES reviews (id),
    role text NOT NULL CHECK (role IN ('facilitator', 'participant', 'reader', 'program')),
    seats_left bigint NOT NULL CHECK (seats_left >= 0),
    expires_at bigint NOT NULL
);

CREATE INDEX review_invitations_by_review ON review_invitations (review_id);
CREATE INDEX review_invitations_by_expiry ON review_invitations (expires_at);

-- What the group wrote, as it stands; a body that is not there was removed.
CREATE TABLE review_items (
    review_id bytea NOT NULL REFERENCES reviews (id),
    kind text NOT NULL,
    item_key text NOT NULL,
    version bigint NOT NULL CHECK (version >= 1),
    body text,
    PRIMARY KEY (review_id, kind, item_key)
);

-- Every change of it, in order, without whose it was. Times are whole minutes.
CREATE TABLE review_changes (
    review_id bytea NOT NULL REFERENCES reviews (id),
    number bigint NOT NULL CHECK (number >= 1),
    at bigint NOT NULL CHECK (at % 60000000 = 0),
    kind text NOT NULL,
    item_key text NOT NULL,
    version bigint NOT NULL,
    body text,
    PRIMARY KEY (review_id, number)
);

CREATE INDEX review_changes_by_item ON review_changes (review_id, kind, item_key, number);

-- What participants marked, which nobody else sees. The author is a hash that stands in no other table. No time and no order.
CREATE TABLE review_drafts (
    review_id bytea NOT NULL REFERENCES reviews (id),
    author bytea NOT NULL CHECK (length(author) = 32),
    cause text NOT NULL,
    version bigint NOT NULL CHECK (version >= 1),
    -- Nothing where the mark was taken back; its version counts on.
    body text,
    is_collected bigint NOT NULL CHECK (is_collected IN (0, 1)),
    PRIMARY KEY (review_id, author, cause)
);

-- What was collected: columns of nobody's.
CREATE TABLE review_marks (
    review_id bytea NOT NULL REFERENCES reviews (id),
    cause text NOT NULL,
    column_number bigint NOT NULL CHECK (column_number >= 0),
    round bigint NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (review_id, cause, column_number)
);

-- Which column marked which cause is read without the reasons, which are long.
CREATE INDEX review_marks_by_column ON review_marks (review_id, column_number, cause);

CREATE TABLE review_files (
    review_id bytea NOT NULL REFERENCES reviews (id),
    id bytea NOT NULL CHECK (length(id) = 16),
    media_type text NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (review_id, id)
);

-- Measures that groups gave to the library, which all of them search. Which review one is from is told to nobody; it stays when
-- that is removed.
CREATE TABLE measures (
    review_id bytea NOT NULL CHECK (length(review_id) = 16),
    measure_key text NOT NULL,
    -- When it was given, in whole minutes.
    shared_at bigint NOT NULL CHECK (shared_at % 60000000 = 0),
    body text NOT NULL,
    -- Its words as they are searched: one case, one width.
    folded text NOT NULL,
    PRIMARY KEY (review_id, measure_key)
);

-- How many browsers look at a review now, on each node; not there for long.
CREATE TABLE review_presence (
    review_id bytea NOT NULL REFERENCES reviews (id),
    node bytea NOT NULL CHECK (length(node) = 16),
    present bigint NOT NULL CHECK (present >= 0),
    until bigint NOT NULL,
    PRIMARY KEY (review_id, node)
);

CREATE FUNCTION review_changes_stay() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the history of a review is never changed'; END $$;
CREATE TRIGGER review_changes_stay BEFORE UPDATE ON review_changes
FOR EACH ROW EXECUTE FUNCTION review_changes_stay();
