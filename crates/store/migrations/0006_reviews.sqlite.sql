-- Failure reviews. Nothing here names a person: a seat is the hash of a key that one browser has, and what was marked is another.

-- Charts of causes that were brought, beside those that come with the service. A version is never changed.
CREATE TABLE charts (
    chart_key TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version >= 1),
    body TEXT NOT NULL,
    PRIMARY KEY (chart_key, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE reviews (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    -- The chart that the review keeps to, as text, whatever becomes of it elsewhere.
    chart TEXT NOT NULL,
    is_complete INTEGER NOT NULL CHECK (is_complete IN (0, 1)),
    -- Counts how often it was completed: marks of earlier rounds stay as they are.
    round INTEGER NOT NULL,
    -- The number of the change by which marks were collected last; 0 if they never were.
    collected INTEGER NOT NULL,
    -- How many items there are, removed ones included.
    items INTEGER NOT NULL,
    change_number INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Who sits in a review. No time and no order: when somebody came is nobody's business.
CREATE TABLE review_seats (
    key_mac BLOB NOT NULL PRIMARY KEY CHECK (length(key_mac) = 32),
    review_id BLOB NOT NULL REFERENCES reviews (id),
    role TEXT NOT NULL CHECK (role IN ('facilitator', 'participant', 'reader', 'program')),
    is_done INTEGER NOT NULL CHECK (is_done IN (0, 1))
) STRICT, WITHOUT ROWID;

CREATE INDEX review_seats_by_review ON review_seats (review_id);

-- Links by which browsers take seats. Which seat was taken by which is not kept.
CREATE TABLE review_invitations (
    mac BLOB NOT NULL PRIMARY KEY CHECK (length(mac) = 32),
    review_id BLOB NOT NULL REFERENCES reviews (id),
    role TEXT NOT NULL CHECK (role IN ('facilitator', 'participant', 'reader', 'program')),
    seats_left INTEGER NOT NULL CHECK (seats_left >= 0),
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX review_invitations_by_review ON review_invitations (review_id);
CREATE INDEX review_invitations_by_expiry ON review_invitations (expires_at);

-- What the group wrote, as it stands; a body that is not there was removed.
CREATE TABLE review_items (
    review_id BLOB NOT NULL REFERENCES reviews (id),
    kind TEXT NOT NULL,
    item_key TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version >= 1),
    body TEXT,
    PRIMARY KEY (review_id, kind, item_key)
) STRICT, WITHOUT ROWID;

-- Every change of it, in order, without whose it was. Times are whole minutes.
CREATE TABLE review_changes (
    review_id BLOB NOT NULL REFERENCES reviews (id),
    number INTEGER NOT NULL CHECK (number >= 1),
    at INTEGER NOT NULL CHECK (at % 60000000 = 0),
    kind TEXT NOT NULL,
    item_key TEXT NOT NULL,
    version INTEGER NOT NULL,
    body TEXT,
    PRIMARY KEY (review_id, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX review_changes_by_item ON review_changes (review_id, kind, item_key, number);

-- What participants marked, which nobody else sees. The author is a hash that stands in no other table. No time and no order.
CREATE TABLE review_drafts (
    review_id BLOB NOT NULL REFERENCES reviews (id),
    author BLOB NOT NULL CHECK (length(author) = 32),
    cause TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version >= 1),
    -- Nothing where the mark was taken back; its version counts on.
    body TEXT,
    is_collected INTEGER NOT NULL CHECK (is_collected IN (0, 1)),
    PRIMARY KEY (review_id, author, cause)
) STRICT, WITHOUT ROWID;

-- What was collected: columns of nobody's.
CREATE TABLE review_marks (
    review_id BLOB NOT NULL REFERENCES reviews (id),
    cause TEXT NOT NULL,
    column_number INTEGER NOT NULL CHECK (column_number >= 0),
    round INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (review_id, cause, column_number)
) STRICT, WITHOUT ROWID;

-- Which column marked which cause is read without the reasons, which are long.
CREATE INDEX review_marks_by_column ON review_marks (review_id, column_number, cause);

CREATE TABLE review_files (
    review_id BLOB NOT NULL REFERENCES reviews (id),
    id BLOB NOT NULL CHECK (length(id) = 16),
    media_type TEXT NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (review_id, id)
) STRICT;

-- Measures that groups gave to the library, which all of them search. Which review one is from is told to nobody; it stays when
-- that is removed.
CREATE TABLE measures (
    review_id BLOB NOT NULL CHECK (length(review_id) = 16),
    measure_key TEXT NOT NULL,
    -- When it was given, in whole minutes.
    shared_at INTEGER NOT NULL CHECK (shared_at % 60000000 = 0),
    body TEXT NOT NULL,
    -- Its words as they are searched: one case, one width.
    folded TEXT NOT NULL,
    PRIMARY KEY (review_id, measure_key)
) STRICT, WITHOUT ROWID;

-- How many browsers look at a review now, on each node; not there for long.
CREATE TABLE review_presence (
    review_id BLOB NOT NULL REFERENCES reviews (id),
    node BLOB NOT NULL CHECK (length(node) = 16),
    present INTEGER NOT NULL CHECK (present >= 0),
    until INTEGER NOT NULL,
    PRIMARY KEY (review_id, node)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER review_changes_stay BEFORE UPDATE ON review_changes
BEGIN
    SELECT RAISE(ABORT, 'the history of a review is never changed');
END;
