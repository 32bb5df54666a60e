-- Signals whose target is looked at are routed by an older program as those that wait: it begins the look, which is there already.
ALTER TABLE received_signal DROP COLUMN looked_at;
DROP TABLE heartbeat;
DROP INDEX hand_offs_to_be_told;
ALTER TABLE hand_off DROP COLUMN due_at;
