-- The first message of each instance that was created just now (and of no other: the execution id tells).
INSERT INTO inbox (instance_id, visible_at, event)
SELECT i.instance_id, i.starts_at, c.event
FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS c (instance_id, execution_id, event, position)
JOIN instances i ON i.instance_id = c.instance_id AND i.execution_id = c.execution_id
ORDER BY c.position;
