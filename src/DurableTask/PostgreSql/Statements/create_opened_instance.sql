-- create_opened_instances for a turn that is alone in its group, without arrays to take apart.
WITH created AS (
    INSERT INTO instances (
        instance_id, execution_id, name, version, parent_instance_id, tags, input, resident_at, history_count, status, custom_status, fence)
    SELECT $1::text, $2::text, $3::text, $4::text, $5::text, $6::text::jsonb, $7::text, $8::text, $9::integer, $10::smallint, $11::text, 2
    WHERE EXISTS (SELECT FROM workers WHERE worker_id = $8::text AND died_at IS NULL AND alive_until > now())
    ON CONFLICT (instance_id) DO NOTHING
    RETURNING instance_id, created_at
), appended AS (
    INSERT INTO history (instance_id, seq, event) SELECT instance_id, 1, $12::text FROM created
)
SELECT instance_id, created_at FROM created;
