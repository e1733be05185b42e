-- What costs need. Of each total, three parts are kept; the rest is "other", and so is all of what
-- was counted before there were parts.
ALTER TABLE usage_rollup ADD COLUMN unpriced INTEGER NOT NULL DEFAULT 0;
ALTER TABLE usage_rollup ADD COLUMN cost_input_nanos INTEGER NOT NULL DEFAULT 0;
ALTER TABLE usage_rollup ADD COLUMN cost_cached_nanos INTEGER NOT NULL DEFAULT 0;
ALTER TABLE usage_rollup ADD COLUMN cost_output_nanos INTEGER NOT NULL DEFAULT 0;
ALTER TABLE usage_rollup ADD COLUMN estimated_nanos INTEGER NOT NULL DEFAULT 0;
ALTER TABLE usage_rollup ADD COLUMN estimated_input_nanos INTEGER NOT NULL DEFAULT 0;
ALTER TABLE usage_rollup ADD COLUMN estimated_cached_nanos INTEGER NOT NULL DEFAULT 0;
ALTER TABLE usage_rollup ADD COLUMN estimated_output_nanos INTEGER NOT NULL DEFAULT 0;

-- A fourth kind of rows, `width_s` −86400: days whose users and keys are not told apart.
INSERT INTO usage_rollup
    (width_s, start_s, family, project_id, user_id, key_id, model, batch, service_tier,
     requests, estimated, input_tokens, input_cached_tokens, input_cache_write_tokens,
     input_audio_tokens, input_image_tokens, output_tokens, output_reasoning_tokens,
     output_audio_tokens, output_image_tokens, images, media_ms, characters, cost_nanos)
SELECT -86400, start_s, family, project_id, '', '', model, batch, service_tier,
       SUM(requests), SUM(estimated), SUM(input_tokens), SUM(input_cached_tokens),
       SUM(input_cache_write_tokens), SUM(input_audio_tokens), SUM(input_image_tokens),
       SUM(output_tokens), SUM(output_reasoning_tokens), SUM(output_audio_tokens),
       SUM(output_image_tokens), SUM(images), SUM(media_ms), SUM(characters), SUM(cost_nanos)
FROM usage_rollup WHERE width_s = 86400
GROUP BY start_s, family, project_id, model, batch, service_tier;
