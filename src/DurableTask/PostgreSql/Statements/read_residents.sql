-- What is known of the activities of instances: their histories, the outcomes that wait, and the activities that have rows.
SELECT h.instance_id, h.event, NULL::integer AS task_id
FROM unnest($1::text[]) AS r (instance_id)
JOIN history h ON h.instance_id = r.instance_id
UNION ALL
SELECT m.instance_id, m.event, NULL
FROM unnest($1::text[], $2::text[]) AS r (instance_id, execution_id)
JOIN inbox m ON m.instance_id = r.instance_id AND m.execution_id = r.execution_id AND m.timer_id IS NULL
UNION ALL
SELECT a.instance_id, NULL, a.task_id
FROM unnest($1::text[]) AS r (instance_id)
JOIN activities a ON a.instance_id = r.instance_id;
