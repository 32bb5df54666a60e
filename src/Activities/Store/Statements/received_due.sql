SELECT signal_id, signal, received_at, attempts, looked_at
FROM received_signal
WHERE due_at <= $1
ORDER BY due_at
LIMIT $2;
