-- Those whose limit nobody enforces any more must not wait for ever: some go back to be looked at, oldest first.
UPDATE activities SET visible_at = created_at
WHERE id IN (SELECT id FROM activities WHERE visible_at = 'infinity' ORDER BY lower(name), id LIMIT $1 FOR UPDATE SKIP LOCKED);
