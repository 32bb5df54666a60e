-- One page of ended instances, those that ended first: a statement of its own, because an index serves it. A condition that is null
-- matches all; $7 and $8 are where the previous page ended. $14: true for those that succeeded, false for the others; each has a walk of
-- its own, so that a few failures need not be looked for among a million successes. A walk begins at the later of the page's place and the
-- asked-for time: given both, PostgreSQL may begin at the earlier.
SELECT i.*
FROM unnest($14::boolean[]) AS wanted (succeeded)
CROSS JOIN LATERAL (
    SELECT instance_id, execution_id, name, version, status, created_at, updated_at, completed_at, parent_instance_id, tags::text, failure,
           CASE WHEN $10 THEN input END, CASE WHEN $10 THEN output END, CASE WHEN $10 THEN custom_status END
    FROM instances
    WHERE succeeded = wanted.succeeded
      AND (completed_at, instance_id) >
          (greatest($12::timestamptz, $7::timestamptz, '-infinity'), CASE WHEN $7 >= coalesce($12, $7) THEN $8::text ELSE '' END)
      AND completed_at <= coalesce($13::timestamptz, 'infinity')
      AND ($1::timestamptz IS NULL OR created_at >= $1)
      AND ($2::timestamptz IS NULL OR created_at <= $2)
      AND ($3::smallint[] IS NULL OR status = ANY ($3))
      AND ($4::text IS NULL OR instance_id ^@ $4)
      AND ($5::text IS NULL OR lower(name) = lower($5))
      AND ($6::text IS NULL OR parent_instance_id = $6)
      AND ($11::jsonb IS NULL OR tags @> $11::jsonb)
    ORDER BY completed_at, instance_id
    LIMIT $9
) i
ORDER BY i.completed_at, i.instance_id
LIMIT $9;
