-- When somebody was last here: their sessions end, and with them what they knew of it.
ALTER TABLE users ADD COLUMN last_seen_at INTEGER;
UPDATE users SET last_seen_at = (SELECT MAX(s.seen_at) FROM sessions s WHERE s.user_id = users.id);
