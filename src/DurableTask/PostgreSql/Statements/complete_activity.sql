-- Removes the activity and posts its outcome, if the lock is still held. A row comes back when it was.
WITH done AS (
    DELETE FROM activities WHERE id = $1 AND locked_by = $2 AND fence = $3 RETURNING instance_id, execution_id
)
INSERT INTO inbox (instance_id, execution_id, visible_at, event)
SELECT instance_id, execution_id, now(), $4 FROM done
RETURNING id;
