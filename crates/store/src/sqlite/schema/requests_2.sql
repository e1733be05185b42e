-- The parts of `cost_nanos`; what they leave of it is "other".
ALTER TABLE requests ADD COLUMN cost_input_nanos INTEGER;
ALTER TABLE requests ADD COLUMN cost_cached_nanos INTEGER;
ALTER TABLE requests ADD COLUMN cost_output_nanos INTEGER;

-- The one index that the log can afford: ids of calls begin with the time, so that new rows go to
-- its end (half a microsecond; an index by key or by random ids would cost 4 to 12). Lists look
-- through a bounded part of the log instead.
CREATE INDEX requests_by_id ON requests (request_id);
