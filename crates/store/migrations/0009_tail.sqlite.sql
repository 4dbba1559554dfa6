-- What the hot path has recorded waits in a second file, beside this one, and is written here later. Up to which of its rows this has been
-- done is said here, in the transaction that does it.
CREATE TABLE settled (
    number INTEGER NOT NULL
) STRICT;
INSERT INTO settled (number) VALUES (0);
