SELECT signal_id, received_at, due_at, routed_at, parked_at, attempts, reason, NULL, NULL, signal::jsonb #>> '{Alert,Name}', looked_at
FROM received_signal
WHERE parked_at IS NOT NULL
ORDER BY parked_at
LIMIT $1;
