-- What a replaced instance left behind. Activities before messages: an activity that is just being completed is waited for here, and
-- its message is then seen by the next statement.
DELETE FROM activities a
USING unnest($1::text[], $2::text[]) AS c (instance_id, execution_id), instances i
WHERE i.instance_id = c.instance_id AND i.execution_id = c.execution_id AND a.instance_id = c.instance_id;
