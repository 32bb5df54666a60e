UPDATE hand_off
SET due_at = $3
WHERE incident_id = $1 AND recorded_at = $2 AND delivered_at IS NULL;
