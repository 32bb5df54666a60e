INSERT INTO incident_signal (signal_id, incident_id, number, route, reason, alert_name, status, starts_at, source, received_at, signal)
VALUES ($1, $2, (SELECT coalesce(max(number), 0) + 1 FROM incident_signal WHERE incident_id = $2), $3, $4, $5, $6, $7, $8, $9, $10::jsonb)
ON CONFLICT (signal_id) DO UPDATE
SET incident_id = excluded.incident_id, number = excluded.number, route = excluded.route, reason = excluded.reason;
