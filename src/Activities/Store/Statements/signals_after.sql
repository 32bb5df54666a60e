SELECT number, signal_id, alert_name, status, starts_at
FROM incident_signal
WHERE incident_id = $1 AND number > $2
ORDER BY number
LIMIT $3;
