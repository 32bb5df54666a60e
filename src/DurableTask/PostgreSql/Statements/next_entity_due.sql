-- Seconds until there is an entity to lock; zero or less when there is one already. Looks at the first thousand messages only; the
-- safety poll covers the rest.
SELECT extract(epoch FROM min(greatest(m.visible_at, e.locked_until)) - now())::float8
FROM (SELECT entity_id, visible_at FROM entity_inbox WHERE visible_at IS NOT NULL ORDER BY visible_at LIMIT 1000) m
LEFT JOIN entities e ON e.entity_id = m.entity_id;
