-- Gives an activity a row that had none, so that any worker may take it. A row comes back when its instance was still there, and the
-- activity had none yet: whoever lost the answer asks again.
INSERT INTO activities (instance_id, execution_id, task_id, name, version, event, visible_at, delivery_count)
SELECT instance_id, execution_id, $4, $5, $6, $7, now() + $8, 0 FROM instances
WHERE instance_id = $1 AND execution_id = $2 AND resident_at = $3
  AND NOT EXISTS (SELECT FROM activities a WHERE a.instance_id = $1 AND a.execution_id = $2 AND a.task_id = $4)
FOR SHARE
RETURNING id;
