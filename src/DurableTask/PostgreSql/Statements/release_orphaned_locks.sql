-- Ends the critical sections of executions that ended, went on as another one, or were purged; makes the messages that waited for that due.
-- Entities that a worker has are left alone; of one whose worker died, the fence grows, so that the worker cannot commit what it saw.
WITH orphaned AS (
    SELECT e.entity_id FROM entities e
    WHERE e.holder IS NOT NULL
      AND (e.locked_until IS NULL OR e.locked_until <= now())
      AND NOT EXISTS (
          SELECT FROM instances i
          WHERE i.instance_id = e.holder AND i.execution_id = e.holder_execution AND i.completed_at IS NULL)
    ORDER BY e.entity_id
    LIMIT $1
    FOR UPDATE OF e SKIP LOCKED
), returned AS (
    UPDATE entity_inbox m SET visible_at = '-infinity' FROM orphaned o WHERE m.entity_id = o.entity_id AND m.visible_at IS NULL
)
UPDATE entities e SET holder = NULL, holder_execution = NULL, locked_by = NULL, locked_until = NULL, fence = e.fence + 1
FROM orphaned o
WHERE e.entity_id = o.entity_id
RETURNING e.entity_id;
