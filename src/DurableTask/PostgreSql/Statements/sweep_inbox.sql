-- Visible messages that nobody will ever consume: their instance ended, went on in another execution, or was purged while they were
-- written. At most $1 at a time.
DELETE FROM inbox
WHERE id IN (
    SELECT m.id
    FROM inbox m
    LEFT JOIN LATERAL (SELECT * FROM instances WHERE instance_id = m.instance_id OFFSET 0) i ON true
    WHERE m.visible_at <= now()
      AND (i.instance_id IS NULL OR i.completed_at IS NOT NULL OR m.execution_id <> i.execution_id)
    ORDER BY m.visible_at
    LIMIT $1
    FOR UPDATE OF m SKIP LOCKED
);
