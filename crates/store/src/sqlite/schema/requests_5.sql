-- What a block may hold, so that a look for some calls need not read the others: a look goes through
-- these rows, which are short. `holds` is a Bloom filter. A block has a row here from when it is
-- written; those from before get theirs bit by bit, and until then they are opened.
CREATE TABLE block_summaries (
    id    INTEGER PRIMARY KEY,
    rows  INTEGER NOT NULL,
    holds BLOB NOT NULL
) STRICT;
