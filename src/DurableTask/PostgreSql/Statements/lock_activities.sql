-- Locks at most $2 activities, oldest first. $4 and $5 are the names and versions to take (a version of null: every version), or null
-- to take everything.
-- Where a lease ended, the instance's fence moves on: its late holder must not store the outcome from memory, whether it was paused or cut
-- off. An instance that is locked this moment is in a commit that came first.
WITH due AS (
    SELECT id, visible_at, instance_id, locked_by IS NOT NULL AS is_taken_over FROM activities a
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
        FROM (SELECT DISTINCT instance_id FROM due WHERE is_taken_over) d
        JOIN instances l ON l.instance_id = d.instance_id
        WHERE l.locked_by IS NULL
        FOR UPDATE OF l SKIP LOCKED)
)
UPDATE activities a SET locked_by = $1, visible_at = now() + $3, fence = a.fence + 1, delivery_count = a.delivery_count + 1
FROM due
WHERE a.id = due.id
RETURNING a.id, a.instance_id, a.task_id, a.fence, a.execution_id, a.event, a.delivery_count, due.visible_at;
