-- Stores the last turns of instances that live in the memory of their worker, when these change nothing but their instance and its history,
-- for half of what commit_turns costs. What waits for an ended instance goes with it. As there, a turn that is not among the rows was not
-- stored, and the arrays leave the planner no choice. $1-$11: one entry per turn, in the order of the ids.
WITH stored AS (
    UPDATE instances i SET
        status = t.status,
        custom_status = t.custom_status,
        output = t.output,
        failure = t.failure,
        history_count = t.history_after,
        updated_at = now(),
        completed_at = now(),
        lost_attempts = 0,
        succeeded = t.status = 1,
        start = NULL,
        resident_at = NULL,
        fence = i.fence + 1
    FROM unnest(
        $1::text[], $2::text[], $3::text[], $4::bigint[], $5::integer[], $6::integer[], $7::smallint[], $8::text[], $9::text[], $10::text[],
        $11::text[]) WITH ORDINALITY
        AS t (instance_id, execution_id, worker_id, fence, history_count, history_after, status, custom_status, history, output, failure,
              position)
    WHERE i.instance_id = t.instance_id
      AND i.fence = t.fence
      AND i.execution_id = t.execution_id
      AND i.history_count = t.history_count
      AND coalesce(i.resident_at = t.worker_id, false)
      AND i.locked_by IS NULL
    RETURNING i.instance_id, i.fence, i.updated_at, t.position, t.history_count, t.history
), appended AS (
    INSERT INTO history (instance_id, seq, event) SELECT instance_id, history_count + 1, history FROM stored
), ended_inbox AS (
    DELETE FROM inbox WHERE instance_id = ANY (ARRAY (SELECT instance_id FROM stored))
), ended_activities AS (
    DELETE FROM activities WHERE instance_id = ANY (ARRAY (SELECT instance_id FROM stored))
)
SELECT position, fence, updated_at, false FROM stored;
