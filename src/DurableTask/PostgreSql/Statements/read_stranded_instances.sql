-- Of these instances those that nobody has locked or in memory, with their histories: at most $2 events.
SELECT s.instance_id, s.execution_id, s.fence, s.custom_status, h.event
FROM (
    SELECT i.instance_id, i.execution_id, i.fence, i.custom_status, sum(i.history_count) OVER (ORDER BY i.instance_id) AS events
    FROM unnest($1::text[]) AS r (instance_id)
    CROSS JOIN LATERAL (
        SELECT * FROM instances
        WHERE instance_id = r.instance_id AND completed_at IS NULL AND locked_by IS NULL AND resident_at IS NULL AND lost_attempts = 0
        OFFSET 0
    ) i
) s
JOIN history h ON h.instance_id = s.instance_id
WHERE s.events <= $2
ORDER BY s.instance_id, h.seq;
