-- Elastic holds. A limit may let streams begin with a part of their bound held.
ALTER TABLE spend_limits ADD COLUMN elastic INTEGER NOT NULL DEFAULT 0;
