-- commit_resident_turns for a turn that is alone in its group, for two thirds of the server's time: without arrays to take apart.
WITH stored AS (
    UPDATE instances SET
        status = $7::smallint,
        custom_status = $8::text,
        history_count = $6::integer,
        updated_at = now(),
        lost_attempts = 0,
        start = NULL,
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
)
SELECT 1::bigint, s.fence, s.updated_at,
       EXISTS (SELECT FROM inbox m WHERE m.instance_id = s.instance_id AND m.visible_at <= now()) AS has_unread
FROM stored s;
