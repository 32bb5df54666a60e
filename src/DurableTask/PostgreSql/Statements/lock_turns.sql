-- The instances that a group of turns writes, in the order of their ids: every transaction that locks several does so, hence no deadlocks.
-- "changed" says whether somebody who watches the instance would see a difference.
SELECT i.instance_id, i.execution_id, i.fence, i.locked_by, i.history_count,
       i.status IS DISTINCT FROM t.status OR i.custom_status IS DISTINCT FROM t.custom_status AS changed,
       i.completed_at IS NOT NULL AS ended
FROM unnest($1::text[], $2::smallint[], $3::text[]) AS t (instance_id, status, custom_status)
JOIN instances i ON i.instance_id = t.instance_id
ORDER BY i.instance_id
FOR UPDATE OF i;
