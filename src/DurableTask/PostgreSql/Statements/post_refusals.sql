-- Tells the creators of sub-orchestrations which were not created, because the id is taken.
INSERT INTO inbox (instance_id, execution_id, visible_at, event)
SELECT creator.instance_id, creator.execution_id, now(), c.refusal
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) WITH ORDINALITY
     AS c (instance_id, execution_id, creator_id, refusal, position)
JOIN instances i ON i.instance_id = c.instance_id AND i.execution_id <> c.execution_id
JOIN instances creator ON creator.instance_id = c.creator_id AND creator.completed_at IS NULL
ORDER BY c.position;
