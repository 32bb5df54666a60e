-- $7 and $8: who holds the activity from the start and for how long, or null.
INSERT INTO activities (instance_id, execution_id, task_id, name, version, event, locked_by, visible_at, fence, delivery_count)
SELECT t.instance_id, t.execution_id, t.task_id, t.name, t.version, t.event, t.locked_by,
       CASE WHEN t.locked_by IS NULL THEN now() ELSE now() + t.lease END,
       (t.locked_by IS NOT NULL)::integer,
       (t.locked_by IS NOT NULL)::integer
FROM unnest($1::text[], $2::text[], $3::integer[], $4::text[], $5::text[], $6::text[], $7::text[], $8::interval[]) WITH ORDINALITY
     AS t (instance_id, execution_id, task_id, name, version, event, locked_by, lease, position)
ORDER BY t.position
RETURNING id, instance_id, task_id, fence;
