UPDATE instances i SET
    status = t.status,
    custom_status = t.custom_status,
    output = t.output,
    failure = t.failure,
    history_count = t.history_count,
    updated_at = now(),
    completed_at = CASE WHEN t.status IN (1, 3, 4, 5) THEN now() END,
    locked_by = NULL,
    locked_until = NULL,
    lost_attempts = 0,
    succeeded = t.status = 1,
    fence = i.fence + 1
FROM unnest($1::text[], $2::smallint[], $3::text[], $4::text[], $5::text[], $6::integer[])
     AS t (instance_id, status, custom_status, output, failure, history_count)
WHERE i.instance_id = t.instance_id;
