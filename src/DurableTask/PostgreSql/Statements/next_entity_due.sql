-- Seconds until there is an entity to lock; zero or less when there is one already. Looks at the first thousand messages only; the
-- safety poll covers the rest. $1 as $4 of lock_entities.
SELECT extract(epoch FROM min(greatest(m.visible_at, e.locked_until, 'epoch')) - now())::float8
FROM (SELECT entity_id, visible_at FROM entity_inbox WHERE visible_at IS NOT NULL ORDER BY visible_at LIMIT 1000) m
LEFT JOIN entities e ON e.entity_id = m.entity_id
WHERE $1::text[] IS NULL OR split_part(m.entity_id, '@', 2) = ANY ($1);
