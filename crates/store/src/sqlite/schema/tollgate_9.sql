-- What a container costs that a job's code runs in, in sessions of the smallest, and the service
-- tier that its call asked for.
ALTER TABLE jobs ADD COLUMN container_sessions INTEGER NOT NULL DEFAULT 64;
ALTER TABLE jobs ADD COLUMN tier TEXT;
