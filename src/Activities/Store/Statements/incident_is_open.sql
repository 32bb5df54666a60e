SELECT 1
FROM incident
WHERE incident_id = $1 AND closed_at IS NULL;
