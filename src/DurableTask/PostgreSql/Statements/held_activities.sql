SELECT a.id
FROM unnest($1::bigint[], $2::text[], $3::bigint[]) AS held (id, locked_by, fence)
JOIN activities a ON a.id = held.id AND a.locked_by = held.locked_by AND a.fence = held.fence;
