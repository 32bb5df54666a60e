-- Which of these instances still live in the memory of these workers, in the same execution.
SELECT i.instance_id
FROM unnest($1::text[], $2::text[], $3::text[]) AS held (instance_id, execution_id, worker_id)
JOIN instances i ON i.instance_id = held.instance_id AND i.execution_id = held.execution_id AND i.resident_at = held.worker_id;
