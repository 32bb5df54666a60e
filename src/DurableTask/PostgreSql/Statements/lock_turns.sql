-- The instances that a group of turns writes, in the order of their ids: every transaction that locks several does so, hence no deadlocks.
SELECT i.instance_id, i.completed_at IS NOT NULL AS ended
FROM unnest($1::text[]) AS t (instance_id)
JOIN instances i ON i.instance_id = t.instance_id
ORDER BY i.instance_id
FOR UPDATE OF i;
