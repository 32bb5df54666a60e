-- As query_instances, of those with the tags $11, when they are few: all of them are read and sorted. After allow_bitmaps.
SELECT instance_id, execution_id, name, version, status, created_at, updated_at, completed_at, parent_instance_id, tags::text, failure,
       CASE WHEN $10 THEN input END, CASE WHEN $10 THEN output END, CASE WHEN $10 THEN custom_status END
FROM (SELECT * FROM instances WHERE tags IS NOT NULL AND tags @> $11::jsonb OFFSET 0) i
WHERE ($1::timestamptz IS NULL OR created_at >= $1)
  AND ($2::timestamptz IS NULL OR created_at <= $2)
  AND ($3::smallint[] IS NULL OR status = ANY ($3))
  AND ($4::text IS NULL OR instance_id ^@ $4)
  AND ($5::text IS NULL OR lower(name) = lower($5))
  AND $6::text IS NULL
  AND ($7::timestamptz IS NULL OR (created_at, instance_id) > ($7, $8::text))
ORDER BY created_at, instance_id
LIMIT $9;
