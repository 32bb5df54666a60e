-- Makes rows of what lived in the memory of workers that are gone. $1: the instances; $2-$3: starts; $4-$10: activities. Their
-- holder's name stays, so that it counts as lost. The fence moves on: a worker that lives after all can store nothing; a lock of another
-- worker has moved it on already. But one that took a start along with a message loses its lock: the start is a message now, and would be
-- played twice.
WITH evicted AS (
    UPDATE instances i SET resident_at = NULL, start = NULL,
        lost_attempts = CASE WHEN i.start IS NOT NULL THEN least(2, i.lost_attempts + 1) ELSE i.lost_attempts END,
        locked_by = CASE WHEN i.start IS NULL THEN nullif(i.locked_by, i.resident_at) END,
        locked_until = CASE WHEN i.start IS NULL AND i.locked_by <> i.resident_at THEN i.locked_until END,
        fence = CASE WHEN i.start IS NULL AND i.locked_by <> i.resident_at THEN i.fence ELSE i.fence + 1 END
    FROM unnest($1::text[]) AS r (instance_id)
    WHERE i.instance_id = r.instance_id
), started AS (
    INSERT INTO inbox (instance_id, visible_at, event)
    SELECT s.instance_id, now(), s.event FROM unnest($2::text[], $3::text[]) AS s (instance_id, event)
)
INSERT INTO activities (instance_id, execution_id, task_id, name, version, event, locked_by, delivery_count)
SELECT a.*, 1
FROM unnest($4::text[], $5::text[], $6::integer[], $7::text[], $8::text[], $9::text[], $10::text[])
     AS a (instance_id, execution_id, task_id, name, version, event, locked_by);
