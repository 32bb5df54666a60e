-- Instances that live in the memory of workers that are gone, or of which it is not known whether they do ($2, null for all): the next $3.
SELECT instance_id, execution_id, resident_at, start
FROM instances
WHERE resident_at = ANY ($1::text[]) AND ($2::text[] IS NULL OR instance_id = ANY ($2::text[]))
ORDER BY instance_id
LIMIT $3
FOR UPDATE SKIP LOCKED;
