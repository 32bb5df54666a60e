SELECT r.signal_id, r.received_at, r.due_at, r.routed_at, r.parked_at, r.attempts, coalesce(s.reason, r.reason), s.route, s.incident_id,
       coalesce(s.alert_name, r.signal::jsonb #>> '{Alert,Name}'), r.looked_at
FROM received_signal r
LEFT JOIN incident_signal s USING (signal_id)
WHERE r.signal_id = $1;
