-- What this worker holds, found as in find_orchestration_locks.
SELECT DISTINCT e.entity_id, e.fence
FROM (SELECT entity_id FROM entity_inbox WHERE visible_at <= now() ORDER BY visible_at LIMIT $2) m
CROSS JOIN LATERAL (
    SELECT entity_id, fence FROM entities
    WHERE entity_id = m.entity_id AND locked_by = $1 AND locked_until > now()
    OFFSET 0
) e;
