-- What the answer cache did for a call, and what its answer cost when it was made.
ALTER TABLE requests ADD COLUMN cache TEXT;
ALTER TABLE requests ADD COLUMN saved_nanos INTEGER;
