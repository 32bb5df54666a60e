-- As query_instances, of those with the tags $11: a walk over those that have the one of them whose name is $12 and whose value is $13.
SELECT i.instance_id, i.execution_id, i.name, i.version, i.status, i.created_at, i.updated_at, i.completed_at, i.parent_instance_id,
       i.tags::text, i.failure,
       CASE WHEN $10 THEN i.input END, CASE WHEN $10 THEN i.output END, CASE WHEN $10 THEN i.custom_status END
FROM (
    SELECT created_at, instance_id FROM instance_tags
    WHERE tag = hashtextextended($13::text, hashtextextended($12::text, 0))
      AND (created_at, instance_id) >
          (greatest($1::timestamptz, $7::timestamptz, '-infinity'), CASE WHEN $7 >= coalesce($1, $7) THEN $8::text ELSE '' END)
      AND created_at <= coalesce($2::timestamptz, 'infinity')
    ORDER BY created_at, instance_id
    OFFSET 0
) t
CROSS JOIN LATERAL (
    SELECT * FROM instances
    WHERE instance_id = t.instance_id
      AND created_at = t.created_at
      AND tags @> $11::jsonb
      AND ($3::smallint[] IS NULL OR status = ANY ($3))
      AND ($4::text IS NULL OR instance_id ^@ $4)
      AND ($5::text IS NULL OR lower(name) = lower($5))
      AND $6::text IS NULL
    OFFSET 0
) i
ORDER BY t.created_at, t.instance_id
LIMIT $9;
