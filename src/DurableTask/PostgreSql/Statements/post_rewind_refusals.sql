-- Tells the creators of sub-orchestrations which could not be rewound. Those that were carry the time of this transaction.
INSERT INTO inbox (instance_id, execution_id, visible_at, event)
SELECT creator.instance_id, creator.execution_id, now(), r.refusal
FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS r (instance_id, creator_id, refusal, position)
JOIN instances creator ON creator.instance_id = r.creator_id
WHERE NOT EXISTS (SELECT FROM instances i WHERE i.instance_id = r.instance_id AND i.status = 0 AND i.updated_at = now())
ORDER BY r.position;
