-- Creates an instance, or replaces one in a status that allows it. $7: scheduled start or null. $9: the statuses that may be replaced.
INSERT INTO instances AS i (instance_id, execution_id, name, version, status, parent_instance_id, tags, starts_at, input)
VALUES ($1, $2, $3, $4, 6, $5, $6::jsonb, greatest(now(), $7::timestamptz), $8)
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
    lost_attempts = 0,
    succeeded = false,
    -- A worker that still holds the replaced instance must not be able to commit.
    fence = i.fence + 1
WHERE i.status = ANY ($9::smallint[]);
