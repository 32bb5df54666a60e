-- In the order of the ids, as every statement that locks several rows. One that is there is made young, so that it is not swept before the
-- commit that refers to it again.
INSERT INTO payloads (id, instance_id, data)
SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[]) AS p (id, instance_id, data) ORDER BY p.id
ON CONFLICT (id) DO UPDATE SET created_at = now();
