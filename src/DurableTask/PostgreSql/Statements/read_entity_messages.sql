-- The due messages of locked entities. A statement of its own, after the lock: its snapshot sees what the previous batch consumed.
SELECT m.entity_id, m.id, m.message
FROM unnest($1::text[]) AS held (entity_id)
CROSS JOIN LATERAL (
    SELECT * FROM entity_inbox m
    WHERE m.entity_id = held.entity_id AND m.visible_at <= now()
    ORDER BY m.id
    LIMIT $2
) m
ORDER BY m.entity_id, m.id;
