-- What the hot path has recorded and the tables do not show yet: one row a piece of work, each the rows that it is to write. Whoever
-- writes or reads them has it settled first, so it is mostly empty.
CREATE TABLE tail (
    number INTEGER NOT NULL PRIMARY KEY,
    rows BLOB NOT NULL
) STRICT;
