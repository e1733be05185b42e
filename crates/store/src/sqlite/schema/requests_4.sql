-- One row a block of calls that follow one another: a row a call costs every call its columns, its
-- page and its index. `kinds` is a JSON list of what few calls of a block differ in, `calls` one of
-- the calls, each a list that begins with the place of its kind. Places in the log are numbered on:
-- a block has those from `id` on, `rows` of them. The view shows the calls as rows, as before.
CREATE TABLE blocks (
    id               INTEGER PRIMARY KEY,
    rows             INTEGER NOT NULL,
    base_ms          INTEGER NOT NULL,
    least_request    TEXT NOT NULL,
    greatest_request TEXT NOT NULL,
    kinds            TEXT NOT NULL,
    calls            TEXT NOT NULL
) STRICT;
-- What is there already: each call has a kind of its own.
INSERT INTO blocks
SELECT MIN(id), COUNT(*), 0, MIN(request_id), MAX(request_id), json_group_array(json(kind) ORDER BY id),
       json_group_array(json(call) ORDER BY id)
FROM (
    SELECT id, request_id,
           json_array(operation, family, project_id, key_id, user_id, model_asked, model_served,
                      service_tier, upstream_id, status, outcome, stream, batch, estimated,
                      error_code, cache, shadow, prompt IS NOT NULL) AS kind,
           json_array(ROW_NUMBER() OVER (PARTITION BY (id - 1) / 256 ORDER BY id) - 1, request_id, attempt, at_ms, input_tokens,
                      input_cached_tokens, output_tokens, output_reasoning_tokens, cost_nanos,
                      COALESCE(cost_input_nanos, 0), COALESCE(cost_cached_nanos, 0),
                      COALESCE(cost_output_nanos, 0), queue_us, first_byte_us, total_us, bytes_in,
                      bytes_out, upstream_request_id, user_label, input_cache_write_tokens,
                      input_audio_tokens, input_image_tokens, output_audio_tokens,
                      output_image_tokens, images, audio_ms, characters, saved_nanos, prompt,
                      prompt_prefix) AS call
    FROM requests
)
GROUP BY (id - 1) / 256;
DROP VIEW requests;
DROP TABLE attempts;
-- Ids of calls begin with the time, so that new blocks go to its end.
CREATE INDEX blocks_by_request ON blocks (greatest_request, least_request);
CREATE VIEW requests AS
SELECT b.id + c.key AS id, c.value ->> 1 AS request_id, c.value ->> 2 AS attempt,
       b.base_ms + (c.value ->> 3) AS at_ms, b.kinds -> (c.value ->> 0) ->> 0 AS operation,
       b.kinds -> (c.value ->> 0) ->> 1 AS family, b.kinds -> (c.value ->> 0) ->> 2 AS project_id,
       b.kinds -> (c.value ->> 0) ->> 3 AS key_id, b.kinds -> (c.value ->> 0) ->> 4 AS user_id,
       c.value ->> 18 AS user_label, b.kinds -> (c.value ->> 0) ->> 5 AS model_asked,
       b.kinds -> (c.value ->> 0) ->> 6 AS model_served,
       b.kinds -> (c.value ->> 0) ->> 7 AS service_tier,
       b.kinds -> (c.value ->> 0) ->> 8 AS upstream_id, c.value ->> 17 AS upstream_request_id,
       b.kinds -> (c.value ->> 0) ->> 9 AS status, b.kinds -> (c.value ->> 0) ->> 10 AS outcome,
       b.kinds -> (c.value ->> 0) ->> 11 AS stream, b.kinds -> (c.value ->> 0) ->> 12 AS batch,
       b.kinds -> (c.value ->> 0) ->> 13 AS estimated, c.value ->> 4 AS input_tokens,
       c.value ->> 5 AS input_cached_tokens,
       COALESCE(c.value ->> 19, 0) AS input_cache_write_tokens,
       COALESCE(c.value ->> 20, 0) AS input_audio_tokens,
       COALESCE(c.value ->> 21, 0) AS input_image_tokens, c.value ->> 6 AS output_tokens,
       c.value ->> 7 AS output_reasoning_tokens,
       COALESCE(c.value ->> 22, 0) AS output_audio_tokens,
       COALESCE(c.value ->> 23, 0) AS output_image_tokens,
       COALESCE(c.value ->> 24, 0) AS images, COALESCE(c.value ->> 25, 0) AS audio_ms,
       COALESCE(c.value ->> 26, 0) AS characters, c.value ->> 8 AS cost_nanos,
       b.kinds -> (c.value ->> 0) ->> 14 AS error_code, c.value ->> 12 AS queue_us,
       c.value ->> 13 AS first_byte_us, c.value ->> 14 AS total_us, c.value ->> 15 AS bytes_in,
       c.value ->> 16 AS bytes_out, c.value ->> 9 AS cost_input_nanos,
       c.value ->> 10 AS cost_cached_nanos, c.value ->> 11 AS cost_output_nanos,
       b.kinds -> (c.value ->> 0) ->> 15 AS cache, c.value ->> 27 AS saved_nanos,
       b.kinds -> (c.value ->> 0) ->> 16 AS shadow, c.value ->> 28 AS prompt,
       c.value ->> 29 AS prompt_prefix
FROM blocks b, json_each(b.calls) c;
