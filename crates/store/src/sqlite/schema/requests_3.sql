-- One row an attempt, appended only: the columns that are searched, and all the rest as one JSON
-- list, since each column of a row costs every call. A list begins with the number of its form.
-- The view shows both as the columns that there were before; people and reports read that.
CREATE TABLE attempts (
    id           INTEGER PRIMARY KEY,
    request_id   TEXT NOT NULL,
    project_id   TEXT NOT NULL,
    key_id       TEXT NOT NULL,
    model_asked  TEXT,
    model_served TEXT,
    status       INTEGER NOT NULL,
    outcome      TEXT NOT NULL,
    detail       TEXT NOT NULL
) STRICT;
INSERT INTO attempts
SELECT id, request_id, project_id, key_id, model_asked, model_served, status, outcome,
       json_array(1, attempt, at_ms, operation, family, user_id, user_label, service_tier,
                  upstream_id, upstream_request_id, stream, batch, estimated, input_tokens,
                  input_cached_tokens, input_cache_write_tokens, input_audio_tokens,
                  input_image_tokens, output_tokens, output_reasoning_tokens, output_audio_tokens,
                  output_image_tokens, images, audio_ms, characters, cost_nanos, error_code,
                  queue_us, first_byte_us, total_us, bytes_in, bytes_out, cost_input_nanos,
                  cost_cached_nanos, cost_output_nanos)
FROM requests;
DROP TABLE requests;
-- As before, the one index: it begins with the time, so that new rows go to its end.
CREATE INDEX attempts_by_request ON attempts (request_id);
CREATE VIEW requests AS
SELECT id, request_id, detail ->> 1 AS attempt, detail ->> 2 AS at_ms, detail ->> 3 AS operation,
       detail ->> 4 AS family, project_id, key_id, detail ->> 5 AS user_id,
       detail ->> 6 AS user_label, model_asked, model_served, detail ->> 7 AS service_tier,
       detail ->> 8 AS upstream_id, detail ->> 9 AS upstream_request_id, status, outcome,
       detail ->> 10 AS stream, detail ->> 11 AS batch, detail ->> 12 AS estimated,
       detail ->> 13 AS input_tokens, detail ->> 14 AS input_cached_tokens,
       detail ->> 15 AS input_cache_write_tokens, detail ->> 16 AS input_audio_tokens,
       detail ->> 17 AS input_image_tokens, detail ->> 18 AS output_tokens,
       detail ->> 19 AS output_reasoning_tokens, detail ->> 20 AS output_audio_tokens,
       detail ->> 21 AS output_image_tokens, detail ->> 22 AS images, detail ->> 23 AS audio_ms,
       detail ->> 24 AS characters, detail ->> 25 AS cost_nanos, detail ->> 26 AS error_code,
       detail ->> 27 AS queue_us, detail ->> 28 AS first_byte_us, detail ->> 29 AS total_us,
       detail ->> 30 AS bytes_in, detail ->> 31 AS bytes_out, detail ->> 32 AS cost_input_nanos,
       detail ->> 33 AS cost_cached_nanos, detail ->> 34 AS cost_output_nanos, detail ->> 35 AS cache,
       detail ->> 36 AS saved_nanos, COALESCE(detail ->> 37, 0) AS shadow,
       detail ->> 38 AS prompt, detail ->> 39 AS prompt_prefix
FROM attempts;
