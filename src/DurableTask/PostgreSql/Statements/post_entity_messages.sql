-- Takes no lock on the entities, and needs none of them to exist.
INSERT INTO entity_inbox (entity_id, visible_at, message)
SELECT m.entity_id, greatest(now(), m.due_at), m.message
FROM unnest($1::text[], $2::timestamptz[], $3::text[]) WITH ORDINALITY AS m (entity_id, due_at, message, position)
ORDER BY m.position;
