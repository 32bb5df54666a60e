-- The outcome of an activity that has no row, if its instance still lives in the memory of its worker. A row comes back when it was posted.
INSERT INTO inbox (instance_id, execution_id, visible_at, event)
SELECT instance_id, execution_id, now(), $4 FROM instances
WHERE instance_id = $1 AND execution_id = $2 AND resident_at = $3
FOR SHARE
RETURNING id;
