-- The histories of locked instances that are not in their worker's memory.
SELECT h.instance_id, h.event
FROM unnest($1::text[]) AS r (instance_id)
JOIN history h ON h.instance_id = r.instance_id
ORDER BY h.instance_id, h.seq;
