-- What dead workers hold. An instance is only locked while it has messages, and those that wait longest are locked first: the first $2
-- messages lead to (nearly) all of them, and the end of the lease to the rest.
WITH held AS (
    SELECT i.instance_id
    FROM (SELECT instance_id FROM inbox WHERE visible_at <= now() ORDER BY visible_at LIMIT $2) m
    CROSS JOIN LATERAL (
        SELECT instance_id FROM instances
        WHERE instance_id = m.instance_id AND locked_by = ANY ($1::text[])
        FOR UPDATE SKIP LOCKED
    ) i
), free AS (
    UPDATE instances i SET locked_by = NULL, locked_until = NULL, fence = i.fence + 1,
           lost_attempts = CASE WHEN i.lost_attempts < 2 THEN i.lost_attempts + 1 ELSE i.lost_attempts END
    FROM (SELECT DISTINCT instance_id FROM held) h
    WHERE i.instance_id = h.instance_id
    RETURNING i.instance_id
)
SELECT count(*)::integer FROM free;
