-- Sub-orchestrations in the place of ended instances, whose rows lock_turns has locked. Of doubles, the first counts.
UPDATE instances i SET
    execution_id = c.execution_id,
    name = c.name,
    version = c.version,
    status = 6,
    parent_instance_id = c.parent_instance_id,
    tags = c.tags::jsonb,
    created_at = now(),
    updated_at = now(),
    completed_at = NULL,
    starts_at = greatest(now(), c.starts_at),
    input = c.input,
    output = NULL,
    custom_status = NULL,
    failure = NULL,
    history_count = 0,
    locked_by = NULL,
    locked_until = NULL,
    lost_attempts = 0,
    succeeded = false,
    fence = i.fence + 1
FROM (
    SELECT DISTINCT ON (c.instance_id) c.*
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::text[]) WITH ORDINALITY
         AS c (instance_id, execution_id, name, version, parent_instance_id, tags, starts_at, input, position)
    ORDER BY c.instance_id, c.position
) c
WHERE i.instance_id = c.instance_id AND i.completed_at IS NOT NULL;
