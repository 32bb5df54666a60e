-- What this worker holds. As in give_back_orchestrations: the first $2 messages lead to (nearly) all of them, and the end of the lease to
-- the rest.
SELECT DISTINCT i.instance_id, i.fence
FROM (SELECT instance_id FROM inbox WHERE visible_at <= now() ORDER BY visible_at LIMIT $2) m
CROSS JOIN LATERAL (
    SELECT instance_id, fence FROM instances
    WHERE instance_id = m.instance_id AND locked_by = $1 AND locked_until > now()
    OFFSET 0
) i;
