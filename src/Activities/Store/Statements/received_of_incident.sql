-- One that an older program attached has no row of those received, and was routed as it came.
SELECT signal_id, s.received_at, r.due_at, CASE WHEN r.signal_id IS NULL THEN s.received_at ELSE r.routed_at END, r.parked_at,
       coalesce(r.attempts, 0), s.reason, s.route, s.incident_id, s.alert_name, r.looked_at
FROM incident_signal s
LEFT JOIN received_signal r USING (signal_id)
WHERE s.incident_id = $1
ORDER BY s.number
LIMIT $2;
