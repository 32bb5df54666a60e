-- Appends to the inbox of an instance that has not ended; takes no lock on it. A row comes back when it was stored.
INSERT INTO inbox (instance_id, visible_at, event)
SELECT instance_id, greatest(now(), starts_at), $2 FROM instances WHERE instance_id = $1 AND completed_at IS NULL
RETURNING id;
