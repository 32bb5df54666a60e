-- Notes that somebody looks. When nobody has for longer than $3, the wait begins anew.
INSERT INTO heartbeat AS beat (alert, listening_since, looked_at)
VALUES ($1, $2, $2)
ON CONFLICT (alert) DO UPDATE
SET listening_since = CASE WHEN beat.looked_at < excluded.looked_at - $3::interval THEN excluded.looked_at ELSE beat.listening_since END,
    looked_at = greatest(beat.looked_at, excluded.looked_at)
RETURNING heard_at, listening_since, silent_since, told_at;
