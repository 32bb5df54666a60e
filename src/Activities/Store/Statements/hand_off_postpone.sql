UPDATE hand_off
SET due_at = $2
WHERE incident_id = $1 AND delivered_at IS NULL;
