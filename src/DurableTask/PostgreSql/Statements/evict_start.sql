-- Posts the start of an instance that began in a worker's memory and was not stored there. A row comes back when it was still there: the
-- fence ($6) says whether another worker has taken the start along with a message. For the delay ($5) nobody locks the instance, whatever
-- is sent to it.
WITH evicted AS (
    UPDATE instances SET resident_at = NULL, start = NULL, locked_by = NULL, locked_until = now() + $5, fence = fence + 1
    WHERE instance_id = $1 AND execution_id = $2 AND resident_at = $3 AND start IS NOT NULL AND fence = $6
    RETURNING instance_id
)
INSERT INTO inbox (instance_id, visible_at, event) SELECT instance_id, now(), $4 FROM evicted
RETURNING id;
