-- Locks at most $2 activities, oldest first. $4 and $5 are the names and versions to take (a version of null: every version), or null
-- to take everything.
-- A holder that did not give the activity back is lost: counted up to 2, see ITaskHub. The instance's fence moves on then: its late holder
-- must not store the outcome from memory, whether it was paused or cut off. An instance that is locked this moment is in a commit that came
-- first.
WITH due AS (
    SELECT id, visible_at, instance_id, locked_by FROM activities a
    WHERE visible_at <= now()
      AND ($4::text[] IS NULL OR EXISTS (
          SELECT FROM unnest($4::text[], $5::text[]) AS f (name, version)
          WHERE lower(f.name) = lower(a.name) AND (f.version IS NULL OR lower(f.version) = lower(coalesce(a.version, '')))))
    ORDER BY visible_at, id
    LIMIT $2
    FOR UPDATE SKIP LOCKED
), fenced AS (
    UPDATE instances i SET fence = i.fence + 1
    WHERE i.instance_id IN (
        SELECT l.instance_id
        FROM (SELECT DISTINCT instance_id FROM due WHERE locked_by IS NOT NULL) d
        CROSS JOIN LATERAL (
            SELECT instance_id FROM instances WHERE instance_id = d.instance_id AND locked_by IS NULL FOR UPDATE SKIP LOCKED
        ) l)
)
UPDATE activities a SET locked_by = $1, visible_at = now() + $3, fence = a.fence + 1, delivery_count = a.delivery_count + 1,
       lost_attempts = CASE WHEN due.locked_by IS NOT NULL AND a.lost_attempts < 2 THEN a.lost_attempts + 1 ELSE a.lost_attempts END
FROM due
WHERE a.id = due.id
RETURNING a.id, a.instance_id, a.task_id, a.fence, a.execution_id, a.event, a.delivery_count, due.visible_at, a.lost_attempts;
