-- A holder that did not give the activity back is lost: counted up to 2, see ITaskHub.
WITH due AS (
    SELECT id, visible_at, locked_by FROM activities
    WHERE visible_at <= now()
    ORDER BY visible_at, id
    LIMIT $2
    FOR UPDATE SKIP LOCKED
)
UPDATE activities a SET locked_by = $1, visible_at = now() + $3, fence = a.fence + 1, delivery_count = a.delivery_count + 1,
       lost_attempts = CASE WHEN due.locked_by IS NOT NULL AND a.lost_attempts < 2 THEN a.lost_attempts + 1 ELSE a.lost_attempts END
FROM due
WHERE a.id = due.id
RETURNING a.id, a.instance_id, a.task_id, a.fence, a.execution_id, a.event, a.delivery_count, due.visible_at, a.lost_attempts;
