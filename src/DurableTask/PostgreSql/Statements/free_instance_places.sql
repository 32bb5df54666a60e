-- Who was locked for the first turn, but has not made it, holds the place as long as the lock. With the place goes the lock: a late holder
-- that renewed it, or made its turn, would be one too many. A row that is locked this moment is its holder's: it keeps its place.
WITH lapsed AS (
    UPDATE instances i SET locked_by = NULL, locked_until = NULL, fence = i.fence + 1,
           lost_attempts = CASE WHEN i.lost_attempts < 2 THEN i.lost_attempts + 1 ELSE i.lost_attempts END
    WHERE i.instance_id IN (
        SELECT l.instance_id
        FROM instance_places p
        JOIN instances l ON l.instance_id = p.instance_id
        WHERE l.completed_at IS NULL AND l.status = 6 AND l.locked_by IS NOT NULL AND l.locked_until <= now()
        FOR UPDATE OF l SKIP LOCKED)
    RETURNING i.instance_id
)
DELETE FROM instance_places p
WHERE EXISTS (SELECT FROM lapsed l WHERE l.instance_id = p.instance_id)
   OR NOT EXISTS (
    SELECT FROM instances i
    WHERE i.instance_id = p.instance_id AND i.completed_at IS NULL
      AND (i.status <> 6 OR i.locked_by IS NOT NULL OR i.locked_until > now()));
