-- As bring_starts_forward, of sub-orchestrations ($1) of those that end with them ($2).
UPDATE instances i SET starts_at = now()
FROM unnest($1::text[], $2::text[]) AS t (instance_id, parent_instance_id)
WHERE i.instance_id = t.instance_id AND i.parent_instance_id = t.parent_instance_id
  AND i.starts_at > now() AND i.completed_at IS NULL;
