-- A parked signal waits again, as if it had just come in.
UPDATE received_signal
SET due_at = $2, received_at = $2, attempts = 0, parked_at = NULL, looked_at = NULL
WHERE signal_id = $1 AND parked_at IS NOT NULL;
