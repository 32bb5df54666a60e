SELECT incident_id, episode, closed_at, outcome, input
FROM incident
WHERE target_key = $1
ORDER BY episode DESC
LIMIT 1;
