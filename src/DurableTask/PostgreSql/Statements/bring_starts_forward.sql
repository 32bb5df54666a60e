-- A termination does not wait for a scheduled start.
UPDATE instances SET starts_at = now() WHERE instance_id = ANY ($1::text[]) AND starts_at > now() AND completed_at IS NULL;
