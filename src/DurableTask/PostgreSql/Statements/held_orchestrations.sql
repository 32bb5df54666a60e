SELECT i.instance_id
FROM unnest($1::text[], $2::text[], $3::bigint[]) AS held (instance_id, locked_by, fence)
JOIN instances i ON i.instance_id = held.instance_id AND i.locked_by = held.locked_by AND i.fence = held.fence;
