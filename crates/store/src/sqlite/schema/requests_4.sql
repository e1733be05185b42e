-- Calls that are copies of others, made for comparison.
ALTER TABLE requests ADD COLUMN shadow INTEGER NOT NULL DEFAULT 0;

-- What was asked, as keyed hashes; NULL unless the operator wants them.
ALTER TABLE requests ADD COLUMN prompt INTEGER;
ALTER TABLE requests ADD COLUMN prompt_prefix INTEGER;
