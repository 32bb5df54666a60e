SELECT signal_id, s.received_at, r.due_at, coalesce(r.routed_at, s.received_at), r.parked_at, coalesce(r.attempts, 0), s.reason, s.route,
       s.incident_id, s.alert_name, r.looked_at
FROM incident_signal s
LEFT JOIN received_signal r USING (signal_id)
WHERE s.incident_id = $1
ORDER BY s.number
LIMIT $2;
