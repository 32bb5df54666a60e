DELETE FROM history h
USING unnest($1::text[], $2::text[]) AS c (instance_id, execution_id), instances i
WHERE i.instance_id = c.instance_id AND i.execution_id = c.execution_id AND h.instance_id = c.instance_id;
