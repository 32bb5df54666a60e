DELETE FROM inbox m
USING unnest($1::text[], $2::text[], $3::integer[]) AS c (instance_id, execution_id, timer_id)
WHERE m.instance_id = c.instance_id AND m.timer_id = c.timer_id AND m.execution_id = c.execution_id;
