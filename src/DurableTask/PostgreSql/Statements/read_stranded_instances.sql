-- Of these instances those that nobody has locked or in memory, with their histories: at most $2 events.
SELECT s.instance_id, s.execution_id, s.fence, s.custom_status, h.event
FROM (
    SELECT i.instance_id, i.execution_id, i.fence, i.custom_status, sum(i.history_count) OVER (ORDER BY i.instance_id) AS events
    FROM unnest($1::text[]) AS r (instance_id)
    JOIN instances i ON i.instance_id = r.instance_id
    WHERE i.completed_at IS NULL AND i.locked_by IS NULL AND i.resident_at IS NULL AND i.lost_attempts = 0
) s
JOIN history h ON h.instance_id = s.instance_id
WHERE s.events <= $2
ORDER BY s.instance_id, h.seq;
