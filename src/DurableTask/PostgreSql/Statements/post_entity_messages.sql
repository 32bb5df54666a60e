-- Takes no lock on the entities, and needs none of them to exist. What is not scheduled is due by any clock: one that is set back does not
-- hold it up.
INSERT INTO entity_inbox (entity_id, visible_at, message)
SELECT m.entity_id, CASE WHEN m.due_at > now() THEN m.due_at ELSE '-infinity' END, m.message
FROM unnest($1::text[], $2::timestamptz[], $3::text[]) WITH ORDINALITY AS m (entity_id, due_at, message, position)
ORDER BY m.position;
