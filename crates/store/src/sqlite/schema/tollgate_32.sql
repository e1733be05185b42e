-- What a route says of the answer cache: JSON, null where it says nothing.
ALTER TABLE routes ADD COLUMN cache TEXT;
