-- tells_the_same: as the alert that opened the incident. What the incident has healed says nothing of another alert, and not of what a
-- person asks for.
SELECT number, signal_id, alert_name, status, starts_at,
    source <> 'Manual' AND alert_name IS NOT DISTINCT FROM (
        SELECT first.alert_name FROM incident_signal AS first WHERE first.incident_id = $1 AND first.number = 1) AS tells_the_same
FROM incident_signal
WHERE incident_id = $1 AND number > $2
ORDER BY number
LIMIT $3;
