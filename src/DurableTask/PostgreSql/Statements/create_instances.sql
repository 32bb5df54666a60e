-- Creates sub-orchestrations whose id is free. In the order of the ids, so that transactions that create the same ones wait for each other
-- in one direction only; DO NOTHING takes no lock on a row that exists, which would be out of that order. Of doubles, the first counts.
INSERT INTO instances (instance_id, execution_id, name, version, status, parent_instance_id, tags, starts_at, input)
SELECT DISTINCT ON (c.instance_id)
       c.instance_id, c.execution_id, c.name, c.version, 6, c.parent_instance_id, c.tags::jsonb, greatest(now(), c.starts_at), c.input
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::text[]) WITH ORDINALITY
     AS c (instance_id, execution_id, name, version, parent_instance_id, tags, starts_at, input, position)
ORDER BY c.instance_id, c.position
ON CONFLICT (instance_id) DO NOTHING;
