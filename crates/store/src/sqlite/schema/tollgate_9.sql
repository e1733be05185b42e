-- How much of an account's overage an operator has taken note of. What is above it is flagged.
ALTER TABLE accounts ADD COLUMN overage_acknowledged INTEGER NOT NULL DEFAULT 0
    CHECK (overage_acknowledged >= 0);
