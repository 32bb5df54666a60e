-- Creates sub-orchestrations; an ended instance is replaced, any other stays as it is. In the order of the ids, so that two transactions
-- that create the same ones wait for each other in one direction only. Of doubles, the first counts.
INSERT INTO instances AS i (instance_id, execution_id, name, version, status, parent_instance_id, tags, starts_at, input)
SELECT DISTINCT ON (c.instance_id)
       c.instance_id, c.execution_id, c.name, c.version, 6, c.parent_instance_id, c.tags::jsonb, greatest(now(), c.starts_at), c.input
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::text[]) WITH ORDINALITY
     AS c (instance_id, execution_id, name, version, parent_instance_id, tags, starts_at, input, position)
ORDER BY c.instance_id, c.position
ON CONFLICT (instance_id) DO UPDATE SET
    execution_id = excluded.execution_id,
    name = excluded.name,
    version = excluded.version,
    status = excluded.status,
    parent_instance_id = excluded.parent_instance_id,
    tags = excluded.tags,
    created_at = excluded.created_at,
    updated_at = excluded.updated_at,
    completed_at = NULL,
    starts_at = excluded.starts_at,
    input = excluded.input,
    output = NULL,
    custom_status = NULL,
    failure = NULL,
    history_count = 0,
    locked_by = NULL,
    locked_until = NULL,
    fence = i.fence + 1
WHERE i.completed_at IS NOT NULL;
