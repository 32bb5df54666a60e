SELECT s.incident_id, i.first_signal_id, i.input, i.closed_at, i.outcome, s.reason
FROM incident_signal s
LEFT JOIN incident i USING (incident_id)
WHERE s.signal_id = $1;
