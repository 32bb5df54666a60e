SELECT signal_id, signal, received_at, attempts
FROM received_signal
WHERE due_at <= $1
ORDER BY due_at
LIMIT $2;
