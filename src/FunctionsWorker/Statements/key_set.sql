-- A row that was inserted has no earlier version: that tells made from changed.
INSERT INTO keys (kind, function, name, salt, hash, readable)
VALUES ($1, $2, $3, $4, $5, $6::text)
ON CONFLICT (kind, function, name) DO UPDATE
SET salt = excluded.salt, hash = excluded.hash, readable = excluded.readable, changed_at = now()
RETURNING xmax = 0;
