-- A page of open incidents; walks one_open_incident_per_target.
SELECT incident_id, target_key, input
FROM incident
WHERE closed_at IS NULL AND target_key > $1
ORDER BY target_key
LIMIT $2;
