SELECT instance_id, execution_id, name, version, status, created_at, updated_at, completed_at, parent_instance_id, tags::text, failure,
       CASE WHEN $2 THEN input END, CASE WHEN $2 THEN output END, CASE WHEN $2 THEN custom_status END
FROM instances
WHERE instance_id = $1;
