UPDATE entities e SET
    state = t.state,
    updated_at = CASE WHEN t.is_modified THEN now() ELSE e.updated_at END,
    holder = t.holder,
    holder_execution = t.holder_execution,
    locked_by = NULL,
    locked_until = NULL,
    fence = e.fence + 1
FROM unnest($1::text[], $2::text[], $3::boolean[], $4::text[], $5::text[])
     AS t (entity_id, state, is_modified, holder, holder_execution)
WHERE e.entity_id = t.entity_id;
