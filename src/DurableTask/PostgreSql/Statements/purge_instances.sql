-- Ended instances, locked in the order of their ids, as everywhere.
WITH ended AS (
    SELECT instance_id FROM instances
    WHERE instance_id = ANY ($1::text[]) AND completed_at IS NOT NULL
    ORDER BY instance_id
    FOR UPDATE
), gone_history AS (
    DELETE FROM history h USING ended e WHERE h.instance_id = e.instance_id
), gone_inbox AS (
    DELETE FROM inbox m USING ended e WHERE m.instance_id = e.instance_id
), gone_payloads AS (
    DELETE FROM payloads p USING ended e WHERE p.instance_id = e.instance_id
), gone AS (
    DELETE FROM instances i USING ended e WHERE i.instance_id = e.instance_id RETURNING i.instance_id
)
SELECT instance_id FROM gone;
