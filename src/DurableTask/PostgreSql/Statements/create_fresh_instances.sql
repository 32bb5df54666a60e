-- Creates instances whose id is free, and says which; the others are for create_instance. $9: the worker of this process in whose memory
-- the instance begins, so that its start needs no message; null posts the start ($10, whose input $8 holds too) to the inbox, and
-- the fence moves on: had the worker begun already, it could store nothing. What was sent to an earlier instance of that id, and missed
-- its end, is not for this one.
WITH created AS (
    INSERT INTO instances (
        instance_id, execution_id, name, version, status, parent_instance_id, tags, starts_at, input, resident_at, start, fence)
    SELECT c.instance_id, c.execution_id, c.name, c.version, 6, c.parent_instance_id, c.tags::jsonb, greatest(now(), c.starts_at), c.input,
           w.worker_id, CASE WHEN w.worker_id IS NOT NULL THEN c.start END, CASE WHEN w.worker_id IS NOT NULL THEN 1 ELSE 2 END
    FROM unnest(
        $1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::text[], $9::text[], $10::text[])
        AS c (instance_id, execution_id, name, version, parent_instance_id, tags, starts_at, input, worker_id, start)
    LEFT JOIN LATERAL (
        SELECT w.worker_id FROM workers w
        WHERE w.worker_id = c.worker_id AND w.died_at IS NULL AND w.alive_until > now()
        LIMIT 1) w ON true
    ON CONFLICT (instance_id) DO NOTHING
    RETURNING instance_id, starts_at, resident_at, created_at
), cleared AS (
    DELETE FROM inbox m USING created c WHERE m.instance_id = c.instance_id
), posted AS (
    INSERT INTO inbox (instance_id, visible_at, event)
    SELECT c.instance_id, c.starts_at, s.start
    FROM unnest($1::text[], $10::text[]) AS s (instance_id, start)
    JOIN created c ON c.instance_id = s.instance_id
    WHERE c.resident_at IS NULL
)
SELECT instance_id, resident_at IS NOT NULL, created_at FROM created;
