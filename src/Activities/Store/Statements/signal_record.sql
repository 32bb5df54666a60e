-- A signal without an incident. Recording it again changes nothing.
INSERT INTO incident_signal (signal_id, route, reason, alert_name, status, starts_at, source, received_at, signal)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9::jsonb)
ON CONFLICT (signal_id) DO NOTHING;
