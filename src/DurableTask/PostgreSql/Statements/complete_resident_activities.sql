-- The outcomes of activities that have no row, of those whose instance still lives in the memory of its worker. The positions of those come
-- back.
WITH done AS MATERIALIZED (
    SELECT i.instance_id, i.execution_id, t.event, t.position
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) WITH ORDINALITY AS t (instance_id, execution_id, worker_id, event, position)
    JOIN instances i ON i.instance_id = t.instance_id
    WHERE i.execution_id = t.execution_id AND coalesce(i.resident_at = t.worker_id, false)
    FOR SHARE OF i
), posted AS (
    INSERT INTO inbox (instance_id, execution_id, visible_at, event)
    SELECT instance_id, execution_id, now(), event FROM done ORDER BY position
)
SELECT position FROM done;
