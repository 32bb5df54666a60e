-- Ended instances, locked in the order of their ids, as everywhere.
SELECT instance_id FROM instances WHERE instance_id = ANY ($1::text[]) AND completed_at IS NOT NULL ORDER BY instance_id FOR UPDATE;
