-- Of the instances $1, those that certainly do not live in the memory of the workers $2: nobody writes their rows this moment, or they
-- have none (false; the statement that creates it may still be under way).
WITH free AS (
    SELECT instance_id
    FROM instances
    WHERE instance_id = ANY ($1::text[]) AND (resident_at IS NULL OR resident_at <> ALL ($2::text[]))
    FOR UPDATE SKIP LOCKED
)
SELECT instance_id, true FROM free
UNION ALL
SELECT d.instance_id, false
FROM unnest($1::text[]) AS d (instance_id)
WHERE NOT EXISTS (SELECT FROM instances i WHERE i.instance_id = d.instance_id);
