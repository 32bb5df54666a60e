-- As query_instances, of those that have not succeeded (yet): a statement of its own, because an index serves it.
SELECT instance_id, execution_id, name, version, status, created_at, updated_at, completed_at, parent_instance_id, tags::text, failure,
       CASE WHEN $10 THEN input END, CASE WHEN $10 THEN output END, CASE WHEN $10 THEN custom_status END
FROM instances
WHERE NOT succeeded
  AND (created_at, instance_id) >
      (greatest($1::timestamptz, $7::timestamptz, '-infinity'), CASE WHEN $7 >= coalesce($1, $7) THEN $8::text ELSE '' END)
  AND created_at <= coalesce($2::timestamptz, 'infinity')
  AND ($3::smallint[] IS NULL OR status = ANY ($3))
  AND ($4::text IS NULL OR instance_id ^@ $4)
  AND ($5::text IS NULL OR lower(name) = lower($5))
  AND $6::text IS NULL
  AND ($11::jsonb IS NULL OR tags @> $11::jsonb)
ORDER BY created_at, instance_id
LIMIT $9;
