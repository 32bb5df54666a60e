-- Locks at most $2 entities with due messages, those that wait longest first, and creates the rows of those that have none. As in
-- lock_orchestrations, one message stands for all of an entity's, and the planner is left no choice but to walk the inbox by time. In the
-- order of the ids: two workers that want the same entities wait for each other in one direction only, and the second one finds them taken.
-- $4: the names to take, or null for all. A holder that neither committed nor gave the entity back is lost: counted up to 2, see ITaskHub.
WITH due AS (
    SELECT m.entity_id
    FROM (SELECT id, entity_id, visible_at FROM entity_inbox WHERE visible_at <= now() ORDER BY visible_at OFFSET 0) m
    LEFT JOIN LATERAL (SELECT locked_until FROM entities WHERE entity_id = m.entity_id OFFSET 0) e ON true
    WHERE ($4::text[] IS NULL OR split_part(m.entity_id, '@', 2) = ANY ($4))
      AND (e.locked_until IS NULL OR e.locked_until <= now())
      AND m.id = (SELECT f.id FROM entity_inbox f WHERE f.entity_id = m.entity_id AND f.visible_at <= now() ORDER BY f.id LIMIT 1)
    ORDER BY m.visible_at
    LIMIT $2
)
INSERT INTO entities AS e (entity_id, locked_by, locked_until, fence)
SELECT due.entity_id, $1, now() + $3, 1 FROM due ORDER BY due.entity_id
ON CONFLICT (entity_id) DO UPDATE SET locked_by = $1, locked_until = now() + $3, fence = e.fence + 1,
    lost_attempts = CASE WHEN e.locked_by IS NOT NULL AND e.lost_attempts < 2 THEN e.lost_attempts + 1 ELSE e.lost_attempts END
WHERE e.locked_until IS NULL OR e.locked_until <= now()
RETURNING e.entity_id, e.fence, e.state, e.holder, e.holder_execution, e.lost_attempts, e.suspect_until;
