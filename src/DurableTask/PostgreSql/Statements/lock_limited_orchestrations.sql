-- As lock_orchestrations, with limits: $4 and $5 are names and places, $6 and $7 the names and versions to take. An instance needs a
-- place to start; one that is to be terminated does not. What finds no place waits at the end of time, messages and all.
WITH free AS MATERIALIZED (
    SELECT l.name, l.places - (SELECT count(*) FROM instance_places p WHERE p.name = l.name) AS places
    FROM unnest($4::text[], $5::integer[]) AS l (name, places)
), due AS MATERIALIZED (
    SELECT i.instance_id, m.visible_at, i.locked_by, i.status, lower(i.name) AS name
    FROM (SELECT id, instance_id, visible_at, event FROM inbox WHERE visible_at <= now() ORDER BY visible_at OFFSET 0) m
    CROSS JOIN LATERAL (
        SELECT i.instance_id, i.locked_by, i.status, i.name FROM instances i
        WHERE i.instance_id = m.instance_id
          AND (i.locked_until IS NULL OR i.locked_until <= now())
          AND i.completed_at IS NULL
          AND CASE
              WHEN $6::text[] IS NULL OR EXISTS (
                  SELECT FROM unnest($6::text[], $7::text[]) AS f (name, version)
                  WHERE lower(f.name) = lower(i.name) AND (f.version IS NULL OR lower(f.version) = lower(coalesce(i.version, ''))))
              THEN m.id = (
                  SELECT e.id FROM inbox e
                  WHERE e.instance_id = i.instance_id AND (e.execution_id IS NULL OR e.execution_id = i.execution_id)
                  ORDER BY e.visible_at, e.id
                  LIMIT 1)
              ELSE m.event LIKE '{"$event":"ExecutionTerminated"%'
          END
        FOR UPDATE SKIP LOCKED
    ) i
    ORDER BY m.visible_at
    LIMIT $2
), ranked AS MATERIALIZED (
    SELECT due.*, starting.places, row_number() OVER (PARTITION BY due.name, starting.places IS NULL ORDER BY due.visible_at) AS place
    FROM due
    LEFT JOIN LATERAL (
        SELECT free.places FROM free
        WHERE free.name = due.name AND due.status = 6 AND NOT EXISTS (
            SELECT FROM inbox t WHERE t.instance_id = due.instance_id AND t.event LIKE '{"$event":"ExecutionTerminated"%')
    ) starting ON true
), waiting AS (
    UPDATE instances i SET starts_at = 'infinity', locked_by = NULL, locked_until = NULL,
           lost_attempts = CASE WHEN r.locked_by IS NOT NULL AND i.lost_attempts < 2 THEN i.lost_attempts + 1 ELSE i.lost_attempts END
    FROM ranked r
    WHERE i.instance_id = r.instance_id AND r.place > r.places
), hidden AS (
    UPDATE inbox m SET visible_at = 'infinity' FROM ranked r WHERE m.instance_id = r.instance_id AND r.place > r.places
), seated AS (
    INSERT INTO instance_places (instance_id, name) SELECT instance_id, name FROM ranked WHERE place <= places
    ON CONFLICT (instance_id) DO NOTHING
)
UPDATE instances i SET locked_by = $1, locked_until = now() + $3, fence = i.fence + 1,
       lost_attempts = CASE WHEN r.locked_by IS NOT NULL AND i.lost_attempts < 2 THEN i.lost_attempts + 1 ELSE i.lost_attempts END
FROM ranked r
WHERE i.instance_id = r.instance_id AND (r.places IS NULL OR r.place <= r.places)
RETURNING i.instance_id, i.execution_id, i.name, i.version, i.status, i.created_at, i.updated_at, i.completed_at, i.parent_instance_id,
          i.tags::text, i.failure, i.input, i.output, i.custom_status, i.fence, i.history_count, r.visible_at, i.lost_attempts,
          i.start, i.resident_at;
