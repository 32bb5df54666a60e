-- The visible messages of locked instances, at most $3 of each; of those that are locked only to be terminated ($2), what asks for that
-- and their start. A statement of its own, after the lock: its snapshot sees what the previous turn consumed.
SELECT m.instance_id, m.id, m.execution_id, m.event
FROM unnest($1::text[]) AS held (instance_id)
JOIN instances i ON i.instance_id = held.instance_id
CROSS JOIN LATERAL (
    SELECT * FROM inbox m
    WHERE m.instance_id = held.instance_id AND m.visible_at <= now() AND (m.execution_id IS NULL OR m.execution_id = i.execution_id)
      AND (held.instance_id <> ALL ($2::text[])
           OR m.event LIKE '{"$event":"ExecutionTerminated"%' OR m.event LIKE '{"$event":"ExecutionStarted"%')
    ORDER BY m.visible_at, m.id
    LIMIT $3
) m
ORDER BY m.instance_id, m.visible_at, m.id;
