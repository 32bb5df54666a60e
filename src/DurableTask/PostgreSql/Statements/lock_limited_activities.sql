-- As lock_activities, with limits: $4 and $5 are names and places, $6 and $7 the names and versions to take. What
-- finds no place waits at the end of time.
WITH free AS MATERIALIZED (
    SELECT l.name, l.places - (SELECT count(*) FROM activity_places p WHERE p.name = l.name) AS places
    FROM unnest($4::text[], $5::integer[]) AS l (name, places)
), due AS MATERIALIZED (
    SELECT id, visible_at, instance_id, locked_by, lower(name) AS name FROM activities a
    WHERE visible_at <= now()
      AND ($6::text[] IS NULL OR EXISTS (
          SELECT FROM unnest($6::text[], $7::text[]) AS f (name, version)
          WHERE lower(f.name) = lower(a.name) AND (f.version IS NULL OR lower(f.version) = lower(coalesce(a.version, '')))))
    ORDER BY visible_at, id
    LIMIT $2
    FOR UPDATE SKIP LOCKED
), fenced AS (
    UPDATE instances i SET fence = i.fence + 1
    WHERE i.instance_id IN (
        SELECT l.instance_id
        FROM (SELECT DISTINCT instance_id FROM due WHERE locked_by IS NOT NULL) d
        CROSS JOIN LATERAL (
            SELECT instance_id FROM instances WHERE instance_id = d.instance_id AND locked_by IS NULL FOR UPDATE SKIP LOCKED
        ) l)
), ranked AS MATERIALIZED (
    SELECT due.*, free.places, row_number() OVER (PARTITION BY due.name ORDER BY due.visible_at, due.id) AS place
    FROM due LEFT JOIN free USING (name)
), waiting AS (
    UPDATE activities a SET visible_at = 'infinity', locked_by = NULL,
           lost_attempts = CASE WHEN r.locked_by IS NOT NULL AND a.lost_attempts < 2 THEN a.lost_attempts + 1 ELSE a.lost_attempts END
    FROM ranked r
    WHERE a.id = r.id AND r.place > r.places
), seated AS (
    INSERT INTO activity_places (activity_id, name) SELECT id, name FROM ranked WHERE place <= places
    ON CONFLICT (activity_id) DO NOTHING
)
UPDATE activities a SET locked_by = $1, visible_at = now() + $3, fence = a.fence + 1, delivery_count = a.delivery_count + 1,
       lost_attempts = CASE WHEN r.locked_by IS NOT NULL AND a.lost_attempts < 2 THEN a.lost_attempts + 1 ELSE a.lost_attempts END
FROM ranked r
WHERE a.id = r.id AND (r.places IS NULL OR r.place <= r.places)
RETURNING a.id, a.instance_id, a.task_id, a.fence, a.execution_id, a.event, a.delivery_count, r.visible_at, a.lost_attempts;
