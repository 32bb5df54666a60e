UPDATE hand_off
SET delivered_at = $2, due_at = NULL
WHERE incident_id = $1;
