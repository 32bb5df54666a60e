-- Stores a group of turns: those whose instance is as the turn left it (fence, execution, length of the history, lock), in the order of
-- the array, which is that of the ids. A turn that is not among the rows was not stored, and nothing of it.
-- $1-$15: one entry per turn. $16-$17: consumed messages; $18-$21: finished activities that have rows; $22-$27: activities to schedule.
-- Each of these names its turn by its position. What ended is found by an array, not by a join: a plan that was made when the tables were
-- empty would walk the whole inbox for it.
WITH alive AS MATERIALIZED (
    SELECT worker_id FROM workers WHERE worker_id = ANY ($3::text[]) AND died_at IS NULL AND alive_until > now()
), stored AS (
    UPDATE instances i SET
        status = t.status,
        custom_status = t.custom_status,
        output = t.output,
        failure = t.failure,
        history_count = t.history_after,
        updated_at = now(),
        completed_at = CASE WHEN t.status IN (1, 3, 4, 5) THEN now() END,
        locked_by = NULL,
        locked_until = NULL,
        lost_attempts = 0,
        succeeded = t.status = 1,
        start = NULL,
        -- Activities without rows stay with the worker that runs them; another worker's stay with that one.
        resident_at = CASE
            WHEN t.starts_over OR t.status IN (1, 3, 4, 5) THEN NULL
            WHEN o.resident_at <> t.worker_id THEN o.resident_at
            WHEN t.stays AND (o.resident_at IS NOT NULL OR t.worker_id IN (SELECT worker_id FROM alive)) THEN t.worker_id
        END,
        fence = i.fence + 1
    FROM unnest(
        $1::text[], $2::text[], $3::text[], $4::bigint[], $5::boolean[], $6::integer[], $7::integer[], $8::smallint[], $9::text[],
        $10::text[], $11::text[], $12::text[], $13::boolean[], $14::boolean[], $15::interval[]) WITH ORDINALITY
        AS t (instance_id, execution_id, worker_id, fence, lock_held, history_count, history_after, status, custom_status, output, failure,
              history, starts_over, stays, lease, position)
    JOIN instances o ON o.instance_id = t.instance_id
    WHERE i.instance_id = t.instance_id
      AND i.fence = t.fence
      AND i.execution_id = t.execution_id
      AND i.history_count = t.history_count
      AND (i.locked_by = t.worker_id OR (NOT t.lock_held AND i.locked_by IS NULL))
    RETURNING i.instance_id, i.execution_id, i.fence, i.updated_at, t.position, t.worker_id, t.lease, t.history_count, t.history,
              t.starts_over,
              t.status IN (1, 3, 4, 5) AS ends,
              o.status <> t.status OR o.custom_status IS DISTINCT FROM t.custom_status AS changed,
              coalesce(o.resident_at = t.worker_id, t.worker_id IN (SELECT worker_id FROM alive)) AS keeps
), appended AS (
    INSERT INTO history (instance_id, seq, event)
    SELECT instance_id, history_count + 1, history FROM stored WHERE history IS NOT NULL AND NOT starts_over
), consumed AS (
    DELETE FROM inbox m
    USING unnest($16::bigint[], $17::bigint[]) AS c (id, turn), stored s
    WHERE s.position = c.turn AND m.id = c.id
), finished AS (
    DELETE FROM activities a
    USING unnest($18::bigint[], $19::text[], $20::bigint[], $21::bigint[]) AS f (id, locked_by, fence, turn), stored s
    WHERE s.position = f.turn AND a.id = f.id AND a.locked_by = f.locked_by AND a.fence = f.fence
), ended_inbox AS (
    DELETE FROM inbox WHERE instance_id = ANY (ARRAY (SELECT instance_id FROM stored WHERE ends))
), ended_activities AS (
    DELETE FROM activities WHERE instance_id = ANY (ARRAY (SELECT instance_id FROM stored WHERE ends OR starts_over))
), scheduled AS (
    INSERT INTO activities (instance_id, execution_id, task_id, name, version, event, locked_by, visible_at, fence, delivery_count)
    SELECT s.instance_id, s.execution_id, n.task_id, n.name, n.version, n.event,
           CASE WHEN n.is_claimed THEN s.worker_id END,
           CASE WHEN n.is_claimed THEN now() + s.lease ELSE now() END,
           n.is_claimed::integer,
           n.is_claimed::integer
    FROM unnest($22::integer[], $23::text[], $24::text[], $25::text[], $26::boolean[], $27::bigint[]) WITH ORDINALITY
         AS n (task_id, name, version, event, is_claimed, turn, position)
    JOIN stored s ON s.position = n.turn
    WHERE NOT s.ends AND NOT (n.is_claimed AND s.keeps)
    ORDER BY n.position
    RETURNING id, instance_id, task_id, fence
)
SELECT s.position, s.fence, s.changed, s.keeps, s.updated_at,
       EXISTS (
           SELECT 1 FROM inbox m
           WHERE m.instance_id = s.instance_id AND m.visible_at <= now() AND m.id <> ALL ($16::bigint[])) AS has_unread,
       c.id, c.task_id
FROM stored s
LEFT JOIN scheduled c ON c.instance_id = s.instance_id AND c.fence = 1
ORDER BY s.position, c.id;
