-- Who was locked for the first turn, but has not made it, holds the place as long as the lock.
DELETE FROM instance_places p
WHERE NOT EXISTS (
    SELECT FROM instances i
    WHERE i.instance_id = p.instance_id AND i.completed_at IS NULL AND (i.status <> 6 OR i.locked_until > now()));
