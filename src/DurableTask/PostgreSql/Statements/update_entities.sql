UPDATE entities e SET
    state = t.state,
    updated_at = CASE WHEN t.is_modified THEN now() ELSE e.updated_at END,
    holder = t.holder,
    holder_execution = t.holder_execution,
    locked_by = NULL,
    locked_until = NULL,
    lost_attempts = t.lost_attempts,
    suspect_until = t.suspect_until,
    fence = e.fence + 1
FROM unnest($1::text[], $2::text[], $3::boolean[], $4::text[], $5::text[], $6::integer[], $7::bigint[])
     AS t (entity_id, state, is_modified, holder, holder_execution, lost_attempts, suspect_until)
WHERE e.entity_id = t.entity_id;
