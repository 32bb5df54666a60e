-- What dead workers hold. As for orchestrations: the messages that wait longest lead to (nearly) all of them.
WITH held AS (
    SELECT e.entity_id
    FROM (SELECT entity_id FROM entity_inbox WHERE visible_at <= now() ORDER BY visible_at LIMIT $2) m
    CROSS JOIN LATERAL (
        SELECT entity_id FROM entities WHERE entity_id = m.entity_id AND locked_by = ANY ($1::text[]) FOR UPDATE SKIP LOCKED
    ) e
), free AS (
    UPDATE entities e SET locked_by = NULL, locked_until = NULL, fence = e.fence + 1,
           lost_attempts = CASE WHEN e.lost_attempts < 2 THEN e.lost_attempts + 1 ELSE e.lost_attempts END
    FROM (SELECT DISTINCT entity_id FROM held) h
    WHERE e.entity_id = h.entity_id
    RETURNING e.entity_id
)
SELECT count(*)::integer FROM free;
