-- What stands beside an entry of the ledger that is a correction. An entry is corrected once.
CREATE TABLE ledger_corrections (
    entry    INTEGER PRIMARY KEY,
    corrects INTEGER UNIQUE,
    why      TEXT NOT NULL,
    author   TEXT NOT NULL
) STRICT;
