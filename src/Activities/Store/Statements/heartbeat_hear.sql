-- The latest time stays: two doors may tell of it in either order.
INSERT INTO heartbeat AS beat (alert, heard_at, listening_since, looked_at)
VALUES ($1, $2, $2, $2)
ON CONFLICT (alert) DO UPDATE
SET heard_at = greatest(beat.heard_at, excluded.heard_at);
