DELETE FROM inbox m
USING unnest($1::text[], $2::text[]) AS c (instance_id, execution_id), instances i
WHERE i.instance_id = c.instance_id AND i.execution_id = c.execution_id AND m.instance_id = c.instance_id;
