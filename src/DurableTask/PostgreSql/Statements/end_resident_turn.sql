-- end_resident_turns for a turn that is alone in its group, without arrays to take apart.
WITH stored AS (
    UPDATE instances SET
        status = $7::smallint,
        custom_status = $8::text,
        output = $10::text,
        failure = $11::text,
        history_count = $6::integer,
        updated_at = now(),
        completed_at = now(),
        lost_attempts = 0,
        succeeded = $7::smallint = 1,
        start = NULL,
        resident_at = NULL,
        fence = fence + 1
    WHERE instance_id = $1::text
      AND fence = $4::bigint
      AND execution_id = $2::text
      AND history_count = $5::integer
      AND coalesce(resident_at = $3::text, false)
      AND locked_by IS NULL
    RETURNING instance_id, fence, updated_at
), appended AS (
    INSERT INTO history (instance_id, seq, event) SELECT instance_id, $5::integer + 1, $9::text FROM stored
), ended_inbox AS (
    DELETE FROM inbox WHERE instance_id = (SELECT instance_id FROM stored)
), ended_activities AS (
    DELETE FROM activities WHERE instance_id = (SELECT instance_id FROM stored)
)
SELECT 1::bigint, fence, updated_at, false FROM stored;
