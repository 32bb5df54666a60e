WITH due AS (
    SELECT id, visible_at FROM activities
    WHERE visible_at <= now()
    ORDER BY visible_at, id
    LIMIT $2
    FOR UPDATE SKIP LOCKED
)
UPDATE activities a SET locked_by = $1, visible_at = now() + $3, fence = a.fence + 1, delivery_count = a.delivery_count + 1
FROM due
WHERE a.id = due.id
RETURNING a.id, a.instance_id, a.task_id, a.fence, a.execution_id, a.event, a.delivery_count, due.visible_at;
