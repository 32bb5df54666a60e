SELECT e.entity_id
FROM unnest($1::text[], $2::text[], $3::bigint[]) AS held (entity_id, locked_by, fence)
JOIN entities e ON e.entity_id = held.entity_id AND e.locked_by = held.locked_by AND e.fence = held.fence;
