-- Stores the turns of a group that change nothing but their instance, which lives in the memory of its worker and stays there, and its
-- history: most turns, for a third of what commit_turns costs. As there, a turn that is not among the rows was not stored. $1-$9: one entry
-- per turn, in the order of the ids. (The coalesce keeps the planner to the index of the ids.)
WITH stored AS (
    UPDATE instances i SET
        status = t.status,
        custom_status = t.custom_status,
        history_count = t.history_after,
        updated_at = now(),
        lost_attempts = 0,
        start = NULL,
        fence = i.fence + 1
    FROM unnest(
        $1::text[], $2::text[], $3::text[], $4::bigint[], $5::integer[], $6::integer[], $7::smallint[], $8::text[], $9::text[])
        WITH ORDINALITY
        AS t (instance_id, execution_id, worker_id, fence, history_count, history_after, status, custom_status, history, position)
    WHERE i.instance_id = t.instance_id
      AND i.fence = t.fence
      AND i.execution_id = t.execution_id
      AND i.history_count = t.history_count
      AND coalesce(i.resident_at = t.worker_id, false)
      AND i.locked_by IS NULL
    RETURNING i.instance_id, i.fence, i.updated_at, t.position, t.history_count, t.history
), appended AS (
    INSERT INTO history (instance_id, seq, event) SELECT instance_id, history_count + 1, history FROM stored
)
SELECT s.position, s.fence, s.updated_at,
       EXISTS (SELECT FROM inbox m WHERE m.instance_id = s.instance_id AND m.visible_at <= now()) AS has_unread
FROM stored s;
