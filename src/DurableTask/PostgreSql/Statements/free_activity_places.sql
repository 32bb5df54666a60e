-- Who has ended, or whose lease is over, has no place any more. With the place goes the lock: a late holder that renewed it would be one
-- too many, and must not store the outcome from memory either. A row that is locked this moment is its holder's: it keeps its place.
WITH lapsed AS (
    UPDATE activities a SET locked_by = NULL,
           lost_attempts = CASE WHEN a.lost_attempts < 2 THEN a.lost_attempts + 1 ELSE a.lost_attempts END
    WHERE a.id IN (
        SELECT l.id
        FROM activity_places p
        JOIN activities l ON l.id = p.activity_id
        WHERE l.locked_by IS NOT NULL AND l.visible_at <= now()
        FOR UPDATE OF l SKIP LOCKED)
    RETURNING a.id, a.instance_id
), fenced AS (
    UPDATE instances i SET fence = i.fence + 1
    WHERE i.instance_id IN (
        SELECT l.instance_id
        FROM (SELECT DISTINCT instance_id FROM lapsed) d
        JOIN instances l ON l.instance_id = d.instance_id
        WHERE l.locked_by IS NULL
        FOR UPDATE OF l SKIP LOCKED)
)
DELETE FROM activity_places p
WHERE EXISTS (SELECT FROM lapsed l WHERE l.id = p.activity_id)
   OR NOT EXISTS (SELECT FROM activities a WHERE a.id = p.activity_id AND a.locked_by IS NOT NULL);
